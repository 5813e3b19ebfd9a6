import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Adapter} from 'socket.io-adapter';
import type {Socket} from 'socket.io';
import {SocketBindings} from 'loopback4-socket';
import type {
  NamespaceMatcher,
  SocketComponentOptions,
  SocketServer,
} from 'loopback4-socket';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Cluster} from '../../helpers/cluster';
import type {GivenApp, Logged} from '../../helpers/app';
import {givenIo} from '../../helpers/io';
import {Queue} from '../../helpers/queue';
import {givenServer} from '../../helpers/server';

interface GivenNode extends AsyncDisposable {
  readonly given: GivenApp;
  readonly server: SocketServer;
  /** The lines that it logs. */
  readonly faults: Queue<Logged>;
}

type Io = NonNullable<SocketComponentOptions['io']>;

/** A server whose sockets are in the room `everybody`. */
async function givenNode(io: Io): Promise<GivenNode> {
  const faults = new Queue<Logged>();
  const given = await givenServer(
    server => {
      server.onConnected(socket => void socket.join('everybody'));
      server.defineMethod('ping', () => 'pong');
    },
    {},
    {
      component: {io},
      setup: app => {
        app.bind(SocketBindings.LOG_ERROR).to((...entry) => faults.push(entry));
      },
    },
  );
  return {
    given,
    server: given.server,
    faults,
    [Symbol.asyncDispose]: () => Promise.resolve(given[Symbol.asyncDispose]()),
  };
}

/** The next fault of a node, by handler and message. */
async function nextFault({faults}: GivenNode): Promise<[handler: string, text: string]> {
  const [error, , {handler}] = await faults.next();
  return [handler, (error as Error).message];
}

const within = {timeout: 10_000};

describe('behind an adapter of a cluster', () => {
  it(
    'an event that cannot be encoded is logged on each node, and ends none',
    within,
    async () => {
      const {adapter} = new Cluster();
      await using here = await givenNode({adapter});
      await using there = await givenNode({adapter});
      await using client = await givenAuthenticated(there.server.url);
      const emits = [
        () => here.server.emit('news', 1n),
        () => here.server.to('everybody').emit('news', 1n),
        () => here.server.io.emit('news', {id: 1n}),
      ];
      for (const emit of emits) {
        emit();
        assert.deepEqual(await nextFault(here), [
          'io.adapter.broadcast',
          'Do not know how to serialize a BigInt',
        ]);
        assert.deepEqual(await nextFault(there), [
          'io.adapter.onMessage',
          'Do not know how to serialize a BigInt',
        ]);
      }
      here.server.emit('news', 1);
      assert.equal(await client.next('news'), 1);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    },
  );

  it(
    'an event that clients cannot decode is logged on each node, and sent to nobody',
    within,
    async () => {
      const {adapter} = new Cluster();
      await using here = await givenNode({adapter});
      await using there = await givenNode({adapter});
      await using client = await givenAuthenticated(there.server.url);
      const many = Array.from({length: 11}, () => Buffer.from('x'));
      here.server.emit('news', many);
      for (const node of [here, there]) {
        const [handler, text] = await nextFault(node);
        assert.equal(handler, 'emit');
        assert.match(text, /11 binary attachments/);
      }
      here.server.emit('news', 1);
      assert.equal(await client.next('news'), 1);
    },
  );

  it(
    'a listener to another node that fails is logged where it runs',
    within,
    async () => {
      const {adapter} = new Cluster();
      await using here = await givenNode({adapter});
      await using there = await givenNode({adapter});
      const heard = new Queue<unknown>();
      there.server.io.on('news', () => {
        throw new Error('thrown');
      });
      there.server.io.on('news', () => Promise.reject(new Error('rejected')));
      there.server.io.on('news', (...args: unknown[]) => heard.push(args));
      here.server.io.serverSideEmit('news', 1);
      assert.deepEqual(await nextFault(there), ["io.on('news')", 'thrown']);
      assert.deepEqual(await nextFault(there), ["io.on('news')", 'rejected']);
      assert.deepEqual(await heard.next(), [1]);
      there.server.io.on('question', (answer: (text: string) => void) =>
        answer('answer'),
      );
      const answers = await here.server.io.serverSideEmitWithAck('question');
      assert.deepEqual(answers, ['answer']);
    },
  );

  it('what a client of another node answers is checked there', within, async () => {
    const {adapter} = new Cluster();
    await using here = await givenNode({adapter});
    await using there = await givenNode({adapter});
    await using client = await givenAuthenticated(there.server.url);
    client.socket.on('question', (ack: (answer: unknown) => void) =>
      ack(JSON.parse('{"__proto__": {"admin": true}}')),
    );
    await assert.rejects(
      async () => here.server.io.timeout(100).emitWithAck('question'),
      /timed out/,
    );
  });
});

/** Does what the adapter in memory does, and then rejects. */
class FailingAdapter extends Adapter {}
const METHODS = [
  'addAll',
  'del',
  'delAll',
  'broadcast',
  'broadcastWithAck',
  'addSockets',
  'delSockets',
  'disconnectSockets',
  'serverSideEmit',
  'persistSession',
  'serverCount',
] as const;
for (const name of METHODS) {
  const done = Reflect.get(Adapter.prototype, name) as (...args: unknown[]) => unknown;
  Reflect.set(
    FailingAdapter.prototype,
    name,
    function (this: Adapter, ...args: unknown[]) {
      if (name !== 'serverSideEmit') void done.apply(this, args);
      return Promise.reject(new Error('Redis is gone.'));
    },
  );
}

/** Actions that use an adapter, and the methods of it that fail then. */
const ACTIONS: Record<string, [act: (socket: Socket) => unknown, ...failing: string[]]> =
  {
    'joining a room': [socket => void socket.join('room'), 'addAll'],
    'leaving a room': [socket => void socket.leave('room'), 'del'],
    'a broadcast': [({nsp}) => nsp.emit('news', 1), 'broadcast'],
    'a broadcast with acks': [
      ({nsp}) => nsp.timeout(5).emit('news', 1, () => undefined),
      'broadcastWithAck',
      'serverCount',
    ],
    'joins of a room by others': [
      ({nsp}) => nsp.socketsJoin('room'),
      'addSockets',
      'addAll',
    ],
    'the leaving of a room by others': [
      ({nsp}) => nsp.socketsLeave('room'),
      'delSockets',
      'del',
    ],
    'an event to other nodes': [({nsp}) => nsp.serverSideEmit('news'), 'serverSideEmit'],
    'a disconnection': [
      ({nsp}) => nsp.disconnectSockets(),
      'disconnectSockets',
      'delAll',
    ],
  };

describe('an adapter that rejects', () => {
  for (const [title, [act, ...failing]] of Object.entries(ACTIONS)) {
    it(`is logged at ${title}`, within, async () => {
      await using node = await givenNode({adapter: FailingAdapter});
      const sockets = new Queue<Socket>();
      node.server.io.on('connection', socket => sockets.push(socket));
      await using client = await givenAuthenticated(node.server.url);
      // It joins its own room, and that of the connected handler.
      for (let joins = 0; joins < 2; joins++)
        assert.equal((await nextFault(node))[0], 'io.adapter.addAll');
      act(await sockets.next());
      const found = new Set<string>();
      for (const _each of failing) found.add((await nextFault(node))[0]);
      assert.deepEqual(found, new Set(failing.map(name => `io.adapter.${name}`)));
      assert.ok(client.names.includes('authenticated'));
    });
  }

  it('rejects a join that is waited for, too', within, async () => {
    await using node = await givenNode({adapter: FailingAdapter});
    node.server.defineMethod('join', async socket => {
      await assert.rejects(async () => socket.join('room'), /Redis is gone/);
      return [...socket.rooms].includes('room');
    });
    await using client = await givenAuthenticated(node.server.url);
    assert.deepEqual(await client.call('join'), {result: true});
  });
});

describe('a namespace function', () => {
  const matchers: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('no namespace');
    },
    rejects: () => Promise.reject(new Error('no namespace')),
  };
  for (const [title, matcher] of Object.entries(matchers)) {
    it(
      `that ${title} on a given socket.io server refuses its client, and is logged`,
      within,
      async () => {
        await using own = await givenIo();
        await using given = await givenServer(
          server => server.defineMethod('ping', () => 'pong'),
          {namespace: matcher as NamespaceMatcher},
          {plain: true, start: false},
        );
        given.server.start(own.io);
        await using client = givenClient(`${own.url}/some`, {reconnection: false});
        const {message} = await client.next<Error>('connect_error');
        assert.equal(message, 'Invalid namespace');
        const [[error, , {handler}]] = given.logged;
        assert.equal((error as Error).message, 'no namespace');
        assert.equal(handler, 'namespace function');
        await given.server.stop();
      },
    );
  }
});
