import {RestBindings} from '@loopback/rest';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import type {SocketComponentOptions, SocketServerOptions} from 'loopback4-socket';
import {MAX_UNAUTHENTICATED_SOCKETS} from '../../dist/wire/protocol';
import {io} from 'socket.io-client';
import type {GivenApp} from '../helpers/app';
import {once} from '../helpers/awaited';
import {TestClient} from '../helpers/client';
import type {Answer} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

interface GivenRooms extends AsyncDisposable {
  readonly given: GivenApp;
  /** Clients of rooms, on one connection; none is connected yet. */
  readonly rooms: TestClient[];
  /** The number of namespaces made for rooms. */
  readonly made: () => number;
}

async function givenRooms(
  count: number,
  client: object,
  options: SocketServerOptions = {},
  component: SocketComponentOptions = {},
): Promise<GivenRooms> {
  const given = await givenServer(
    server => server.defineMethod('echo', (_socket, _credentials, args) => args),
    {namespace: /^\/room-\d+$/, ...options},
    {component},
  );
  let made = 0;
  given.server.io.server.on('new_namespace', () => made++);
  const root = given.app.getSync(RestBindings.SERVER).url;
  const names = Array.from({length: count}, (_, at) => `/room-${at}`);
  const first = io(`${root}/room-0`, {forceNew: true, autoConnect: false, ...client});
  const rooms = names.map(
    (name, at) => new TestClient(at === 0 ? first : first.io.socket(name)),
  );
  return {
    given,
    rooms,
    made: () => made,
    [Symbol.asyncDispose]: async () => {
      for (const room of rooms) room.socket.disconnect();
      await rooms[0][Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  };
}

/** Joins, and says whether it was refused as one too many. */
async function isRefused(room: TestClient): Promise<boolean> {
  const {socket} = room;
  const connected = once(socket as never, 'connect').then(() => undefined);
  const refused = once(socket as never, 'connect_error');
  socket.connect();
  const error = await Promise.race([connected, refused]);
  if (error === undefined) return false;
  const [{data}] = error as [{data: {statusCode: number; code: string}}];
  assert.deepEqual([data.statusCode, data.code], [429, 'TOO_MANY_REQUESTS']);
  return true;
}

/** Two of them are all that may wait. */
const LONG = Array.from({length: 15_000}, () => ({}));

/** Makes a call in a request or message of its own. */
async function send(
  {socket}: TestClient,
  args: unknown,
): Promise<{answer: Promise<Answer>}> {
  const drained = once(socket.io.engine as never, 'drain');
  const answer = socket.emitWithAck('echo', args) as Promise<Answer>;
  await drained;
  return {answer};
}

describeSection('Limits', client => {
  it('of unauthenticated sockets hold before a namespace is made', async () => {
    const more = 5;
    await using given = await givenRooms(MAX_UNAUTHENTICATED_SOCKETS + more, client);
    const refused = await Promise.all(given.rooms.map(isRefused));
    assert.equal(refused.filter(Boolean).length, more);
    assert.equal(given.made(), MAX_UNAUTHENTICATED_SOCKETS);
  });

  it('of sockets of a connection hold before a namespace is made, until it leaves one', async () => {
    await using given = await givenRooms(4, client, {}, {maxSockets: 2});
    const [one, two, three, four] = given.rooms;
    for (const room of [one, two]) {
      assert.equal(await isRefused(room), false);
      await room.authenticate();
    }
    for (const room of [three, four]) assert.equal(await isRefused(room), true);
    assert.equal(given.made(), 2);
    assert.deepEqual(await two.call('echo', 1), {result: 1});
    const [socket] = given.given.server.io.server.of('/room-0').sockets.values();
    const left = once(socket, 'disconnect');
    one.socket.disconnect();
    await left;
    assert.equal(await isRefused(three), false);
    await three.authenticate();
    assert.equal(await isRefused(four), true);
    assert.equal(given.made(), 3);
  });

  for (const known of [false, true]) {
    it(`of unauthenticated sockets count authentication handlers of sockets that have left, authenticated before: ${known}`, async () => {
      const gate = new Gate();
      let running = 0;
      // The one that stays is not authenticated either.
      const most = MAX_UNAUTHENTICATED_SOCKETS - (known ? 0 : 1);
      await using given = await givenRooms(2 * most + 1, client, {timeout: 20_000});
      const [first, ...rooms] = given.rooms;
      const started: Gate[] = [];
      given.given.server.auth(async (_socket, credentials) => {
        if (credentials === 'first') return true;
        started[running++].open();
        await gate.opened;
        return true;
      });
      assert.equal(await isRefused(first), false);
      if (known) await first.authenticate('first');
      for (const [at, room] of rooms.entries()) {
        started.push(new Gate());
        assert.equal(await isRefused(room), at >= most, String(at));
        if (at >= most) break;
        room.socket.emit('authentication', 'slow');
        await started[at].opened;
        room.socket.disconnect();
      }
      assert.equal(running, most);
      gate.open();
      const [again] = rooms.slice(-1);
      while (await isRefused(again)) again.socket.disconnect();
      assert.equal(running, most);
    });
  }

  it('of the bytes of calls that wait for authentication hold for a connection', async () => {
    const gate = new Gate();
    const started = [new Gate(), new Gate()];
    await using given = await givenRooms(2, client, {timeout: 20_000});
    let asked = 0;
    given.given.server.auth(async () => {
      started[asked++].open();
      await gate.opened;
      return true;
    });
    const [one, two] = given.rooms;
    for (const [at, room] of [one, two].entries()) {
      room.socket.connect();
      room.socket.emit('authentication');
      await started[at].opened;
    }
    const calls = [await send(one, LONG), await send(two, LONG)];
    for (const room of [one, two]) {
      const {error} = await (await send(room, LONG)).answer;
      assert.equal(error.code, 'TOO_MANY_REQUESTS');
    }
    calls.push(await send(two, 'small'));
    gate.open();
    assert.deepEqual(await Promise.all(calls.map(({answer}) => answer)), [
      {result: LONG},
      {result: LONG},
      {result: 'small'},
    ]);
  });

  it('of the bytes of calls that wait for authentication are free again when a socket has left', async () => {
    await using given = await givenRooms(3, client, {timeout: 20_000});
    given.given.server.auth(() => new Promise(() => undefined));
    for (const room of given.rooms) {
      assert.equal(await isRefused(room), false);
      room.socket.emit('authentication');
      const answers: Promise<number>[] = [];
      for (const at of [1, 2, 3]) {
        const {answer} = await send(room, LONG);
        answers.push(answer.then(({error}) => (error ? at : 0)));
      }
      assert.equal(await Promise.race(answers), 3);
      room.socket.disconnect();
      await Promise.allSettled(answers);
    }
  });
});
