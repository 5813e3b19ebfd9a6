import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {once, seconds} from '../../helpers/awaited';
import {givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {
  giveSessionsOnce,
  givenNamespace,
  NAMESPACE_KINDS,
  reach,
  TRANSPORTS,
} from '../../helpers/namespace';
import type {GivenNamespace} from '../../helpers/namespace';

/** Events that came after the first `count`, each with its first argument. */
function receivedSince(client: TestClient, count: number): [string, unknown][] {
  return client.received.slice(count).map(([name, value]) => [name, value]);
}

const MANUAL = {reconnection: false};

const ALONE_OR_NOT = TRANSPORTS.flatMap(transport => [
  [transport, 'with'] as const,
  [transport, 'without'] as const,
]);

/** Cuts the transport and waits until both sides know. */
async function drop(client: TestClient, socket: Socket): Promise<void> {
  const gone = once(socket, 'disconnect');
  client.socket.io.engine.close();
  await gone;
  await client.next('disconnect');
}

/** Connects again; gives the server's side and how many events had come before. */
async function comeBack(
  given: GivenNamespace,
  client: TestClient,
): Promise<{socket: Socket; before: number}> {
  const before = client.received.length;
  client.socket.connect();
  const socket = await given.sockets.next();
  await client.next('connect');
  return {socket, before};
}

async function settle(socket: Socket, client: TestClient): Promise<void> {
  socket.emit('marker');
  await client.next('marker');
}

for (const kind of NAMESPACE_KINDS) {
  for (const [transport, others] of ALONE_OR_NOT) {
    describe(
      `a connection recovered in ${kind.title}, ${others} others, over ${transport}`,
      {timeout: seconds(20)},
      () => {
        /** Another client of the namespace, if there is one: a pattern's child is removed when it is empty. */
        const keep = async (given: GivenNamespace) => {
          if (others === 'with') return (await given.authenticated())[0];
          return {[Symbol.asyncDispose]: () => Promise.resolve()};
        };

        it('gets missed packets and its rooms back once it has authenticated again, before connected handlers', async () => {
          let roomsWhenConnected: string[] = [];
          await using given = await givenNamespace({
            kind,
            transport,
            recovery: true,
            setup: server => {
              server.onConnected((socket: Socket) => {
                roomsWhenConnected = [...socket.rooms];
                socket.emit('connected handler');
              });
            },
          });
          await using _other = await keep(given);
          const [one, first] = await given.authenticated(MANUAL);
          await using client = one;
          const {id, nsp} = first;
          await first.join('room');
          await drop(client, first);
          nsp.emit('missed', 'by all');
          nsp.to('room').emit('missed', 'in the room');
          nsp.to('elsewhere').emit('missed', 'elsewhere');
          first.emit('missed', 'by its socket');
          first.volatile.emit('missed', 'by its socket, volatile');

          const {socket, before} = await comeBack(given, client);
          assert.ok(client.socket.recovered);
          assert.ok(socket.recovered);
          assert.equal(socket.id, id);
          assert.deepEqual([...socket.rooms], []);
          assert.ok(!(await nsp.fetchSockets()).some(listed => listed.id === id));
          assert.deepEqual(await nsp.in(['room', id]).fetchSockets(), []);
          await settle(socket, client);
          assert.deepEqual(receivedSince(client, before), [
            ['connect', undefined],
            ['marker', undefined],
          ]);
          assert.equal(given.authentications.size, 0);

          client.socket.emit('authentication', {token: 'ok'});
          (await given.authentications.next()).succeed();
          await client.next('authenticated');
          assert.deepEqual(receivedSince(client, before + 2), [
            ['missed', 'by all'],
            ['missed', 'in the room'],
            ['missed', 'by its socket'],
            ['connected handler', receivedSince(client, before + 2)[3][1]],
            ['authenticated', true],
          ]);
          assert.deepEqual(roomsWhenConnected.sort(), [id, 'room'].sort());
          nsp.to('room').emit('in the room again');
          await client.next('in the room again');
        });

        it('gets nothing when authentication fails', async () => {
          await using given = await givenNamespace({kind, transport, recovery: true});
          await using _other = await keep(given);
          const [one, first] = await given.authenticated(MANUAL);
          await using client = one;
          const {nsp} = first;
          await first.join('room');
          await drop(client, first);
          nsp.emit('missed');
          nsp.to('room').emit('missed');
          const packets: string[] = [];
          client.socket.io.on('open', () => {
            client.socket.io.engine.on('packet', packet =>
              packets.push(String(packet.data)),
            );
          });

          const {socket, before} = await comeBack(given, client);
          assert.ok(socket.recovered);
          client.socket.emit('authentication');
          const closed = new Promise<void>(resolve =>
            client.socket.io.on('close', () => resolve()),
          );
          (await given.authentications.next()).fail();
          await closed;
          const names = receivedSince(client, before).map(([name]) => name);
          assert.deepEqual(names, ['connect', 'unauthorized', 'disconnect']);
          assert.ok(packets.some(packet => packet.includes('unauthorized')));
          assert.ok(!packets.some(packet => packet.includes('missed')));
        });
      },
    );
  }
}

describe('connection state recovery', {timeout: seconds(20)}, () => {
  it('reaches no recovered socket before it has authenticated again', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join('room');
    await drop(client, first);
    const {socket, before} = await comeBack(given, client);
    assert.deepEqual(await reach(socket.nsp, socket.id, ['room']), []);
    client.socket.emit('authentication');
    const authentication = await given.authentications.next();
    assert.deepEqual(await reach(socket.nsp, socket.id, ['room']), []);
    await settle(socket, client);
    assert.deepEqual(
      receivedSince(client, before).map(([name]) => name),
      ['connect', 'marker'],
    );
    authentication.succeed();
    await client.next('authenticated');
    assert.ok(socket.connected);
  });

  it('gives a recovered socket, after what it missed, what was broadcast while it authenticated again', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    const {nsp} = first;
    await first.join('room');
    await drop(client, first);
    nsp.emit('missed', 'while away');
    const {socket, before} = await comeBack(given, client);
    nsp.emit('missed', 'while connected');
    nsp.to('elsewhere').emit('missed', 'elsewhere');
    client.socket.emit('authentication');
    const authentication = await given.authentications.next();
    nsp.to('room').emit('missed', 'while authenticating');
    nsp.except('room').emit('missed', 'excepted');
    await settle(socket, client);
    assert.deepEqual(receivedSince(client, before + 1), [['marker', undefined]]);
    authentication.succeed();
    await client.next('authenticated');
    assert.deepEqual(receivedSince(client, before + 2), [
      ['missed', 'while away'],
      ['missed', 'while connected'],
      ['missed', 'while authenticating'],
      ['authenticated', true],
    ]);
  });

  it('keeps the session of a recovered connection that drops again before it authenticates', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    first.data.name = 'kept';
    await first.join('room');
    await drop(client, first);
    given.io.to('room').emit('missed', 1);
    const {socket: second} = await comeBack(given, client);
    await drop(client, second);
    given.io.to('room').emit('missed', 2);

    const {socket: third, before} = await comeBack(given, client);
    assert.ok(third.recovered);
    assert.equal(third.id, first.id);
    assert.equal(third.data.name, 'kept');
    client.socket.emit('authentication');
    const authentication = await given.authentications.next();
    await drop(client, third);
    authentication.succeed();

    const {socket: fourth} = await comeBack(given, client);
    assert.ok(fourth.recovered);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    const missed = receivedSince(client, before).filter(([name]) => name === 'missed');
    assert.deepEqual(missed, [
      ['missed', 1],
      ['missed', 2],
    ]);
    assert.deepEqual([...fourth.rooms].sort(), [first.id, 'room'].sort());
  });

  it('keeps such a session with an adapter that gives each session only once', async () => {
    const restored = new Set<string>();
    await using given = await givenNamespace({
      recovery: true,
      setup: (_server, io) => giveSessionsOnce(io, pid => restored.add(pid)),
    });
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join('room');
    await drop(client, first);
    given.io.to('room').emit('missed');
    const {socket: second} = await comeBack(given, client);
    await drop(client, second);
    assert.deepEqual([...restored], [client.socket['_pid']]);

    const {socket: third} = await comeBack(given, client);
    assert.ok(third.recovered);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('missed');
    await client.next('authenticated');
    assert.deepEqual([...third.rooms].sort(), [first.id, 'room'].sort());
  });

  it('keeps no session of a connection that never authenticated', async () => {
    await using given = await givenNamespace({recovery: true});
    await using other = (await given.authenticated())[0];
    await using client = given.connect(MANUAL);
    const first = await given.sockets.next();
    await client.next('connect');
    await first.join('early');
    // A client needs the id of a packet to ask for its session; this one is known from elsewhere.
    assert.equal(typeof other.socket['_lastOffset'], 'string');
    client.socket['_lastOffset'] = other.socket['_lastOffset'];
    await drop(client, first);
    given.io.to('early').emit('missed');
    const {socket, before} = await comeBack(given, client);
    assert.ok(!socket.recovered);
    assert.notEqual(socket.id, first.id);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    assert.deepEqual(
      receivedSince(client, before).map(([name]) => name),
      ['connect', 'authenticated'],
    );
    assert.deepEqual([...socket.rooms], [socket.id]);
  });

  it('takes rooms joined and left early by a recovered socket into account', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join(['kept', 'given up']);
    await drop(client, first);
    const {socket} = await comeBack(given, client);
    await socket.join('new');
    await socket.leave('given up');
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    assert.deepEqual([...socket.rooms].sort(), [first.id, 'kept', 'new'].sort());
  });

  it("delivers a recovered socket's own emit, and its ack, before it has authenticated again", async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    client.socket.on('question', (ack: (answer: string) => void) => ack('answer'));
    await drop(client, first);
    const {socket} = await comeBack(given, client);
    assert.equal(await socket.timeout(5000).emitWithAck('question'), 'answer');
    socket.emit('own');
    await client.next('own');
  });

  it('sends no missed packet to a client that middleware refuses', async () => {
    let refusing = false;
    await using given = await givenNamespace({
      recovery: {skipMiddlewares: false},
      setup: server => {
        server.io.use((_socket, next) => next(refusing ? new Error('No.') : undefined));
      },
    });
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await drop(client, first);
    given.io.emit('missed');
    refusing = true;
    const packets: string[] = [];
    client.socket.io.on('open', () => {
      client.socket.io.engine.on('packet', packet => packets.push(String(packet.data)));
    });
    client.socket.connect();
    const error = await client.next<Error>('connect_error');
    assert.equal(error.message, 'No.');
    assert.ok(packets.some(packet => packet.includes('No.')));
    assert.ok(!packets.some(packet => packet.includes('missed')));

    refusing = false;
    const {socket} = await comeBack(given, client);
    assert.ok(socket.recovered);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('missed');
  });

  it('recovers a session for one connection at a time', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join('room');
    const session = {pid: client.socket['_pid'], offset: client.socket['_lastOffset']};
    await drop(client, first);
    const {socket} = await comeBack(given, client);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');

    await using twin = given.connect({auth: session});
    const twinSocket = await given.sockets.next();
    await twin.next('connect');
    given.io.emit('broadcast');
    given.io.to('room').emit('broadcast in the room');
    await settle(twinSocket, twin);
    assert.deepEqual(twin.names, ['connect', 'marker']);
    await client.next('broadcast in the room');
    assert.notEqual(twinSocket.id, socket.id);
    assert.deepEqual([...socket.rooms].sort(), [socket.id, 'room'].sort());
  });

  it('recovers a session for one of two connections that ask before either has authenticated', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join('room');
    const session = {pid: client.socket['_pid'], offset: client.socket['_lastOffset']};
    await drop(client, first);
    given.io.to('room').emit('missed');
    const {socket} = await comeBack(given, client);
    await using twin = given.connect({auth: session});
    const twinSocket = await given.sockets.next();
    await twin.next('connect');
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    given.io.emit('broadcast');
    given.io.to('room').emit('broadcast in the room');
    await settle(twinSocket, twin);
    assert.deepEqual(twin.names, ['connect', 'marker']);
    await client.next('missed');
    await client.next('broadcast in the room');
    assert.deepEqual([...socket.rooms].sort(), [socket.id, 'room'].sort());
  });

  it('gives nothing of a session to who comes after its client has left by itself', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join("the first user's");
    await drop(client, first);
    const {socket: second} = await comeBack(given, client);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    const gone = once(second, 'disconnect');
    client.socket.disconnect();
    await gone;
    given.io.to("the first user's").emit('missed');

    const {socket: third, before} = await comeBack(given, client);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    assert.deepEqual(
      receivedSince(client, before).map(([name]) => name),
      ['connect', 'authenticated'],
    );
    assert.deepEqual([...third.rooms], [third.id]);
    assert.notEqual(third.id, first.id);
  });

  it('gives nothing of a session to who comes after its client was refused', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await first.join("the first user's");
    await drop(client, first);
    await comeBack(given, client);
    client.socket.emit('authentication');
    (await given.authentications.next()).fail();
    await client.next('disconnect');
    given.io.to("the first user's").emit('missed');

    const {socket, before} = await comeBack(given, client);
    client.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await client.next('authenticated');
    assert.deepEqual(
      receivedSince(client, before).map(([name]) => name),
      ['connect', 'authenticated'],
    );
    assert.deepEqual([...socket.rooms], [socket.id]);
  });

  it('does not take what a recovering client adds to its handshake for credentials', async () => {
    await using given = await givenNamespace({recovery: true});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await drop(client, first);
    const {socket} = await comeBack(given, client);
    await settle(socket, client);
    assert.equal(given.authentications.size, 0);
  });

  it('keeps what one broadcast was in several children of a pattern, as often as a client comes back', async () => {
    const [kind] = NAMESPACE_KINDS.filter(({namespace}) => namespace instanceof RegExp);
    await using given = await givenNamespace({recovery: true, kind});
    const [one, first] = await given.authenticated(MANUAL);
    await using client = one;
    await using other = givenClient(`${given.root}/room-2`);
    const second = await given.sockets.next();
    other.socket.emit('authentication');
    (await given.authentications.next()).succeed();
    await other.next('authenticated');
    await Promise.all([first.join('room'), second.join('room')]);
    let socket = first;
    for (let time = 1; time <= 3; time++) {
      await drop(client, socket);
      given.server.to('room').emit('missed', time);
      ({socket} = await comeBack(given, client));
      assert.ok(socket.recovered, String(time));
      client.socket.emit('authentication');
      (await given.authentications.next()).succeed();
      await client.next('authenticated');
      assert.equal(await client.next('missed'), time);
      assert.equal(await other.next('missed'), time);
    }
  });
});
