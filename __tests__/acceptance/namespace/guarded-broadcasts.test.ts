import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings} from 'loopback4-socket';
import {Server} from 'socket.io';
import type {Namespace, Socket} from 'socket.io';
import type {Logged} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Cluster} from '../../helpers/cluster';
import {Queue} from '../../helpers/queue';
import {givenServer} from '../../helpers/server';

interface Emitter {
  emit(event: string, ack: () => void): boolean;
}

/** Broadcasts, each of which one socket of the namespace, or none, answers. */
const OF_NAMESPACES: Record<string, (io: Namespace) => Emitter> = {
  emit: io => io,
  to: io => io.to('room'),
  in: io => io.in('room'),
  except: io => io.except('room'),
  compress: io => io.compress(false),
  timeout: io => io.timeout(1),
  volatile: io => io.volatile,
  local: io => io.local,
  'a chain': io =>
    io.to('a').in('b').except('c').compress(false).volatile.local.timeout(1),
};

const OF_SOCKETS: Record<string, (socket: Socket) => Emitter> = {
  broadcast: socket => socket.broadcast,
  to: socket => socket.to('room'),
  in: socket => socket.in('room'),
  except: socket => socket.except('room'),
  local: socket => socket.local,
  'broadcast with a timeout': socket => socket.timeout(1).broadcast,
};

/** Returns socket.io's own class, and the methods that it has. */
function classOf(namespace: Pick<Namespace, 'to'>): object[] {
  const operators = Object.getPrototypeOf(namespace.to('room')) as object;
  return [operators, Object.getOwnPropertyDescriptors(operators)];
}

/** As they are before any application starts. */
const PLAIN = classOf(new Server().of('/'));

/** A server whose faults come in turn. */
async function givenFaulty(
  options: Parameters<typeof givenServer>[2] = {},
  pattern = false,
) {
  const faults = new Queue<Logged>();
  const given = await givenServer(
    () => undefined,
    pattern ? {namespace: /^\/room-\d$/} : {},
    {
      ...options,
      setup: async app => {
        app.bind(SocketBindings.LOG_ERROR).to((...entry) => faults.push(entry));
        await options.setup?.(app);
      },
    },
  );
  return Object.assign(given, {faults});
}

/** Broadcasts with an ack that throws; the cause is logged, and ends no process. */
async function isLogged(emitter: Emitter, faults: Queue<Logged>): Promise<void> {
  const cause = new Error('cause');
  emitter.emit('question', () => {
    throw cause;
  });
  const [error, statusCode, {handler}] = await faults.next();
  assert.equal(error, cause);
  assert.deepEqual([statusCode, handler], [500, 'ack of io.emit']);
}

const within = {timeout: 10_000};

describe('the ack of a broadcast that throws is logged', within, () => {
  for (const [name, emitterOf] of Object.entries(OF_NAMESPACES)) {
    it(`by a namespace: ${name}`, async () => {
      await using given = await givenFaulty();
      await isLogged(emitterOf(given.server.io), given.faults);
    });

    it(`by the namespaces of a pattern: ${name}`, async () => {
      await using given = await givenFaulty({}, true);
      const io = given.app.getSync(SocketBindings.IO);
      await isLogged(emitterOf(io.of('/room-1')), given.faults);
    });
  }

  for (const [name, emitterOf] of Object.entries(OF_SOCKETS)) {
    it(`by a socket: ${name}`, async () => {
      await using given = await givenFaulty();
      const connected = once(given.server.io, 'connection') as Promise<[Socket]>;
      await using _client = await givenAuthenticated(given.server.url);
      const [socket] = await connected;
      await isLogged(emitterOf(socket), given.faults);
    });

    it(`by a socket whose middleware runs: ${name}`, async () => {
      await using given = await givenFaulty();
      const done = new Promise<void>((resolve, reject) => {
        given.server.io.use((socket, next) => {
          isLogged(emitterOf(socket), given.faults).then(resolve, reject);
          next();
        });
      });
      await using _client = await givenAuthenticated(given.server.url);
      await done;
    });
  }

  it('by a socket of another node', async () => {
    const {adapter} = new Cluster();
    await using here = await givenFaulty({component: {io: {adapter}}});
    await using there = await givenFaulty({component: {io: {adapter}}});
    await using client = await givenAuthenticated(there.server.url);
    client.socket.on('question', (ack: () => void) => ack());
    for (const find of [here.server.io, here.server.io.except('room')]) {
      const [remote] = await find.fetchSockets();
      assert.equal(remote.id, client.socket.id);
      await isLogged(remote, here.faults);
      await isLogged(remote.timeout(1), here.faults);
    }
  });
});

describe('broadcasts of others are left as socket.io makes them', within, () => {
  it('those of a namespace of the application’s own, and of another socket.io server', async () => {
    const other = new Server();
    await using given = await givenFaulty();
    const io = given.app.getSync(SocketBindings.IO);
    await isLogged(given.server.io, given.faults);
    for (const namespace of [other.of('/'), new Server().of('/x'), io.of('/own')]) {
      const [operators, methods] = classOf(namespace);
      assert.equal(operators, PLAIN[0]);
      assert.deepEqual(methods, PLAIN[1]);
      for (const name of ['emit', 'to', 'volatile'])
        assert.ok(!Object.hasOwn(namespace, name), name);
    }
    assert.notEqual(classOf(given.server.io)[0], PLAIN[0]);
  });

  it('those of a socket in a namespace of the application’s own', async () => {
    await using given = await givenFaulty();
    const own = given.app.getSync(SocketBindings.IO).of('/own');
    const connected = once(own, 'connection') as Promise<[Socket]>;
    await using _client = givenClient(`${given.server.url}/own`);
    const [socket] = await connected;
    assert.ok(!Object.hasOwn(socket, 'newBroadcastOperator'));
    assert.equal(classOf(socket)[0], PLAIN[0]);
  });
});
