import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated} from '../helpers/client';
import {remainsOf} from '../helpers/endpoint-remains';
import {RawClient} from '../helpers/raw-client';
import {givenServer} from '../helpers/server';

const LIMIT = 100_000;
const ANSWER = 'x'.repeat(20_000);
const CALLS = 1000;
const MAX_CALLS = 256;

const define = (server: SocketServer) => {
  server.auth(() => ({[securityId]: '1'}));
  server.defineMethod('list', () => ANSWER);
};

function givenLists(
  options: SocketServerOptions = {},
  more: (server: SocketServer) => void = () => undefined,
): Promise<GivenApp> {
  return givenServer(
    server => {
      define(server);
      more(server);
    },
    options,
    {component: {maxQueuedBytes: LIMIT, io: {httpCompression: false}}},
  );
}

/** A polling client that is authenticated, and its socket on the server. */
async function givenPolling({server}: GivenApp): Promise<[RawClient, Socket]> {
  const client = await RawClient.join(server.url);
  await client.send('42["authentication"]');
  assert.equal(await client.next(), '42["authenticated",true]');
  const [socket] = server.io.sockets.values();
  return [client, socket];
}

function queuedBytes({conn}: Socket): number {
  const {writeBuffer} = conn as unknown as {writeBuffer: {data?: string}[]};
  return writeBuffer.reduce((sum, {data}) => sum + (data?.length ?? 0), 0);
}

const calls = (count: number, json: (at: number) => string) =>
  Array.from({length: count}, (_, at) => `42${at}${json(at)}`);

/** Waits until no call is in flight. */
async function settled({server}: GivenApp): Promise<void> {
  while (remainsOf(server).running > 0) await new Promise(setImmediate);
}

/** The answers to that many calls, by their ids. */
async function answersOf(
  client: RawClient,
  count: number,
): Promise<Map<number, Record<string, any>>> {
  const answers = new Map<number, Record<string, any>>();
  while (answers.size < count) {
    const frame = await client.next();
    assert.ok(frame, `${answers.size} of ${count} are answered`);
    const [, id, json] = /^43(\d+)(.*)$/.exec(frame) ?? [];
    assert.ok(!answers.has(Number(id)), `${id} is answered once`);
    answers.set(Number(id), (JSON.parse(json) as [Record<string, any>])[0]);
  }
  return answers;
}

describe('calls of a client that has not read the answers to earlier ones', () => {
  const kinds: Record<string, (server: SocketServer) => void> = {
    'of a method': () => undefined,
    'of a listener': ({io}) =>
      io.on('connection', socket =>
        socket.on('heard', (ack: (reply: object) => void) => ack({result: ANSWER})),
      ),
    'behind a guard': ({io}) =>
      io.on('connection', socket => socket.use((_packet, next) => next())),
  };
  for (const [kind, prepare] of Object.entries(kinds)) {
    for (const maxCallsInFlight of [MAX_CALLS, false] as const) {
      it(`wait, and as many as may be in flight are answered: ${kind}, maxCallsInFlight ${maxCallsInFlight}`, async () => {
        await using given = await givenLists({maxCallsInFlight});
        prepare(given.server);
        await using client = (await givenPolling(given))[0];
        const [socket] = given.server.io.sockets.values();
        const name = kind === 'of a listener' ? 'heard' : 'list';
        await client.send(...calls(CALLS, () => `["${name}"]`));
        const queued = queuedBytes(socket);
        // Besides answers that refuse.
        assert.ok(queued < LIMIT + 2 * ANSWER.length + CALLS * 200, `${queued} queued`);
        const answers = [...(await answersOf(client, CALLS)).values()];
        const results = answers.filter(({result}) => result === ANSWER);
        const refused = answers.filter(({error}) => error?.code === 'TOO_MANY_REQUESTS');
        assert.equal(results.length, MAX_CALLS + Math.ceil(LIMIT / ANSWER.length));
        assert.equal(refused.length, CALLS - results.length);
        assert.deepEqual(remainsOf(given.server), {connections: 1, running: 0});
      });
    }
  }

  it('wait in whichever requests they come', async () => {
    await using given = await givenLists();
    await using client = (await givenPolling(given))[0];
    const frames = calls(60, () => '["list"]');
    for (const at of [0, 20, 40]) await client.send(...frames.slice(at, at + 20));
    for (const {result} of (await answersOf(client, 60)).values())
      assert.equal(result, ANSWER);
  });

  it('that are repeated wait as well', async () => {
    await using given = await givenLists();
    await using client = (await givenPolling(given))[0];
    const [socket] = given.server.io.sockets.values();
    await client.send(...calls(100, () => '["list",null,{"$call":{"id":"x"}}]'));
    assert.ok(queuedBytes(socket) < LIMIT + 2 * ANSWER.length);
    const answers = await answersOf(client, 100);
    for (const {result} of answers.values()) assert.equal(result, ANSWER);
  });

  it('go through asynchronous guards and the limiter when they have waited', async () => {
    const consumed: string[] = [];
    const limiter = {consume: (key: string) => Promise.resolve(consumed.push(key))};
    await using given = await givenLists({callLimiter: {limiter}});
    given.server.io.on('connection', socket => {
      socket.on('flood', () => socket.emit('flooded', 'x'.repeat(2 * LIMIT)));
      socket.use(([name], next) => void (name === 'list' ? setImmediate(next) : next()));
    });
    await using client = (await givenPolling(given))[0];
    await client.send('42["flood"]', ...calls(3, () => '["list"]'));
    assert.equal(remainsOf(given.server).running, 3);
    assert.deepEqual(consumed, []);
    assert.match((await client.next()) ?? '', /^42\["flooded"/);
    const answers = await answersOf(client, 3);
    for (const {result} of answers.values()) assert.equal(result, ANSWER);
    assert.equal(consumed.length, 3);
    assert.deepEqual(remainsOf(given.server), {connections: 1, running: 0});
  });

  it('are limited in time', async () => {
    await using given = await givenLists();
    await using client = (await givenPolling(given))[0];
    await client.send(...calls(20, () => '["list",null,{"$call":{"timeout":1}}]'));
    await settled(given);
    const answers = [...(await answersOf(client, 20)).values()];
    assert.ok(answers.some(({error}) => error?.code === 'CALL_TIMEOUT'));
    assert.deepEqual(remainsOf(given.server), {connections: 1, running: 0});
  });

  const ends = {
    AUTHENTICATION_REVOKED: ({server}: GivenApp) => server.disconnectUser('1'),
    SHUTTING_DOWN: async (given: GivenApp) => {
      void given.server.stop();
      await settled(given);
    },
  };
  for (const [code, end] of Object.entries(ends)) {
    it(`are answered ${code} when they still wait then`, async () => {
      await using given = await givenServer(
        define,
        {},
        {component: {maxQueuedBytes: LIMIT, drainTimeout: 20}},
      );
      await using client = (await givenPolling(given))[0];
      await client.send(...calls(20, () => '["list"]'));
      await end(given);
      const answers: string[] = [];
      while (answers.length < 20) {
        const frame = (await client.next()) ?? '';
        if (frame.startsWith('43')) answers.push(frame);
      }
      const late = answers.filter(frame => frame.includes(code));
      assert.equal(late.length, 20 - Math.ceil(LIMIT / ANSWER.length));
    });
  }

  it('are all answered where the client reads, however many it makes at once', async () => {
    await using given = await givenLists();
    for (const transport of ['websocket', 'polling']) {
      await using client = await givenAuthenticated(given.server.url, undefined, {
        transports: [transport],
      });
      const answers = Array.from({length: MAX_CALLS}, () => client.call('list'));
      for (const answer of answers) assert.deepEqual(await answer, {result: ANSWER});
    }
  });
});

describe('what waits for a client that does not read', () => {
  const floods: Record<string, (socket: Socket) => Promise<void>> = {
    // The last of one tick, and the first of the next one, before what waits is looked at.
    'what follows a tick that had more than may wait': async socket => {
      socket.emit('flood');
      setImmediate(() => socket.emit('flood'));
      socket.emit('flood', 'x'.repeat(5 * LIMIT));
      for (let tick = 0; tick < 30 && socket.connected; tick++) {
        await new Promise(setImmediate);
        socket.emit('flood', 'x'.repeat(LIMIT));
      }
    },
    'small packets': async socket => {
      for (let tick = 0; tick < LIMIT / 1000 && socket.connected; tick++) {
        await new Promise(setImmediate);
        for (let count = 0; count < 10; count++) socket.emit('e');
      }
    },
  };
  for (const [kind, flood] of Object.entries(floods)) {
    it(`closes its connection: ${kind}`, async () => {
      await using given = await givenLists();
      const [, socket] = await givenPolling(given);
      const closed: unknown[] = [];
      socket.once('disconnect', reason => closed.push(reason));
      await flood(socket);
      await new Promise(setImmediate);
      assert.deepEqual(closed, ['forced close']);
    });
  }
});
