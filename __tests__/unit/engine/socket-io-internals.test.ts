import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, it} from 'node:test';
import {Server} from 'socket.io';
import type {Namespace, ServerOptions, Socket} from 'socket.io';
import {
  childrenOf,
  clientOf,
  connectingSockets,
  internalsOf,
  joiningOf,
  operatorOf,
  namespaceInternalsOf,
  parentInternalsOf,
  socketsOnConnection,
} from '../../../dist/engine/internals';
import {
  closingOf,
  engineOf,
  FORBIDDEN,
  requestLimitOf,
  transportOf,
} from '../../../dist/engine/engine-internals';
import {detachFromPattern, onRemoved} from '../../../dist/namespace/pattern-namespaces';
import {parserOf, sendAck} from '../../../dist/engine/packets';
import type {EngineRequest} from '../../../dist/engine/engine-internals';
import type {EventPacket} from '../../../dist/namespace/guards';
import {once, seconds} from '../../helpers/awaited';
import {givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {RawClient} from '../../helpers/raw-client';
import {Queue} from '../../helpers/queue';
import {RawSocket} from '../../helpers/raw-socket';

const EVENT = 2;

interface GivenIo extends AsyncDisposable {
  readonly io: Server;
  readonly root: string;
}

/** socket.io alone, without this package. */
async function givenIo(options: Partial<ServerOptions> = {}): Promise<GivenIo> {
  const http = createServer();
  const io = new Server(http, {cleanupEmptyChildNamespaces: true, ...options});
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const {port} = http.address() as AddressInfo;
  return {
    io,
    root: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => io.close(),
  };
}

async function connect(
  {root}: GivenIo,
  namespace: Namespace,
  path = '/',
): Promise<[client: TestClient, socket: Socket]> {
  const connected = once(namespace, 'connection') as Promise<[Socket]>;
  const client = givenClient(root + path, {reconnection: false});
  const [socket] = await connected;
  await client.next('connect');
  return [client, socket];
}

/** The failure of an update that changes what this package relies on. */
function changed(part: string): string {
  return `socket.io has changed ${part}; see src/engine and src/namespace.`;
}

/** Compares by identity: socket.io's objects are too big to print. */
function assertSame(
  actual: Iterable<unknown>,
  expected: readonly unknown[],
  message: string,
): void {
  const values = [...actual];
  const same = values.every((value, at) => value === expected[at]);
  assert.ok(same && values.length === expected.length, message);
}

describe('what this package relies on in socket.io:', {timeout: seconds(20)}, () => {
  it('Socket.onevent is called with each event packet, and a packet of type 3 is its answer', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const part = changed('Socket.onevent or the answers to events');
    const packets = new Queue<EventPacket>();
    assert.ok(!Object.hasOwn(socket, 'onevent'), part);
    socket.on('question', () => assert.fail(part));
    Object.assign(socket, {onevent: (packet: EventPacket) => packets.push(packet)});
    const answer = client.call('question', 1);
    const packet = await packets.next();
    assert.deepEqual(packet.data, ['question', 1], part);
    const ack = (data: unknown) => sendAck(socket, Number(packet.id), [data]);
    assert.throws(() => ack(1n), TypeError, part);
    assert.deepEqual(ack('answer'), [`3${packet.id}["answer"]`], part);
    assert.equal(await answer, 'answer', part);
    client.socket.emit('silent');
    assert.equal((await packets.next()).id, undefined, part);
  });

  it('Socket.registerAckCallback is given the ack of an event of the server', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const part = changed('Socket.registerAckCallback');
    const prototype = Object.getPrototypeOf(socket) as {
      registerAckCallback(id: number, ack: (answer: string) => void): void;
    };
    const answers = new Queue<string>();
    Object.assign(socket, {
      registerAckCallback: (id: number) =>
        prototype.registerAckCallback.call(socket, id, answer => answers.push(answer)),
    });
    client.socket.on('question', (ack: (reply: string) => void) => ack('answer'));
    socket.emit('question', () => assert.fail(part));
    assert.equal(await answers.next(), 'answer', part);
  });

  it('Socket.onack is called with each answer, and calls what Socket.acks has for its id', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const part = changed('Socket.onack, Socket.acks or Socket.flags');
    const prototype = Object.getPrototypeOf(socket) as {
      onack(packet: EventPacket): void;
    };
    const packets: EventPacket[] = [];
    assert.ok(!Object.hasOwn(socket, 'onack'), part);
    Object.assign(socket, {
      onack: (packet: EventPacket) => {
        packets.push(packet);
        prototype.onack.call(socket, packet);
      },
    });
    client.socket.on('question', (ack: (reply: string) => void) => ack('answer'));
    const {acks} = internalsOf(socket);
    const answers = new Queue<unknown>();
    socket.emit('question', (answer: unknown) => answers.push(answer));
    assert.equal(acks.size, 1, part);
    assert.equal(internalsOf(socket.timeout(5000)).flags.timeout, 5000, part);
    socket.emit('question', (error: unknown, answer: unknown) => {
      answers.push([error, answer]);
    });
    assert.equal(internalsOf(socket).flags.timeout, undefined, part);
    const [, [id, timed]] = acks;
    acks.delete(id);
    timed('given');
    assert.deepEqual(await answers.next(), [null, 'given'], part);
    assert.equal(await answers.next(), 'answer', part);
    given.io.timeout(5000).emit('question', (_error: unknown, all: unknown) => {
      answers.push(all);
    });
    assert.deepEqual(await answers.next(), ['answer'], part);
    const data = packets.map(packet => packet.data);
    assert.deepEqual(data, Array(3).fill(['answer']), part);
  });

  it('Server.encoder encodes all that is sent, and what it gives none of is not sent', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const part = changed('Encoder.encode or Adapter.encoder');
    const {encoder} = parserOf(given.io);
    const encode = encoder.encode.bind(encoder);
    const encoded: unknown[] = [];
    encoder.encode = packet => {
      const texts = encode(packet);
      encoded.push([packet.nsp, texts.length]);
      return texts.length > 1 ? [] : texts;
    };
    const bytes = Buffer.from('x');
    socket.on('question', (ack: (reply: unknown) => void) => ack('answer'));
    assert.equal(await client.call('question'), 'answer', part);
    for (const emitter of [socket, given.io, given.io.to(socket.id).volatile]) {
      emitter.emit('event', bytes);
      emitter.emit('event', 'text');
      assert.equal(await client.next('event'), 'text', part);
    }
    const expected = [1, ...[2, 1], ...[2, 1], ...[2, 1]].map(length => ['/', length]);
    assert.deepEqual(encoded, expected, part);
  });

  it('Namespace._onServerSideEmit is called with an event of another node', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const heard: unknown[] = [];
    namespace.on('news' as 'connection', (...args: unknown[]) => heard.push(args));
    namespaceInternalsOf(namespace)._onServerSideEmit(['news', 1, 2]);
    assert.deepEqual(heard, [[1, 2]], changed('Namespace._onServerSideEmit'));
  });

  it('all broadcasts are made by one class, of which its methods return new ones', async () => {
    await using given = await givenIo();
    const part = changed('BroadcastOperator');
    const namespace = given.io.of('/');
    const {constructor} = namespace.except([]);
    const broadcast = namespace.to('room').except('other').timeout(1);
    const {adapter, rooms, exceptRooms, flags} = operatorOf(broadcast);
    assert.ok(adapter === namespace.adapter, part);
    assert.deepEqual([...rooms, ...exceptRooms], ['room', 'other'], part);
    assert.deepEqual(flags, {timeout: 1}, part);
    for (const one of [broadcast, broadcast.volatile, given.io.of('/other').local])
      assert.equal(one.constructor, constructor, part);
  });

  it('Server.encoder throws at what it cannot encode', async () => {
    await using given = await givenIo();
    const packet = {type: 4, nsp: '/', data: {data: 1n}};
    assert.throws(() => parserOf(given.io).encoder.encode(packet), TypeError);
  });

  it('emitReserved is what calls connection, disconnecting and disconnect listeners', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const seen: string[] = [];
    const note = (target: object) =>
      Object.assign(target, {emitReserved: (event: string) => seen.push(event)});
    const [one, socket] = await connect(given, namespace);
    await using client = one;
    note(namespace);
    note(socket);
    namespace.on('connection', () => assert.fail());
    socket.on('disconnect', () => assert.fail());
    socket.disconnect();
    await client.next('disconnect');
    await using other = givenClient(given.root, {reconnection: false});
    await other.next('connect');
    assert.deepEqual(
      seen,
      ['disconnecting', 'disconnect', 'connect', 'connection'],
      changed('emitReserved'),
    );
  });

  it('Namespace._fns are its middleware, which a child gets by use', async () => {
    await using given = await givenIo();
    const parent = given.io.of(/^\/x/);
    const middleware = (_socket: Socket, next: () => void) => next();
    parent.use(middleware);
    const part = changed('Namespace._fns');
    assert.deepEqual(namespaceInternalsOf(parent)._fns, [middleware], part);
    const children = once(given.io, 'new_namespace') as Promise<[Namespace]>;
    await using _client = givenClient(`${given.root}/x`, {reconnection: false});
    const [child] = await children;
    assert.deepEqual(namespaceInternalsOf(child)._fns, [middleware], part);
  });

  it('Server._parser makes the decoder of each connection, whose packets can be changed first', async () => {
    await using given = await givenIo();
    const part = changed('Server._parser');
    const parser = parserOf(given.io);
    const {Decoder} = parser._parser;
    parser._parser = {
      ...parser._parser,
      Decoder: class extends Decoder {
        constructor() {
          super();
          this.on('decoded', packet => (packet.data = {changed: true}));
        }
      },
    };
    const connected = once(given.io.of('/'), 'connection') as Promise<[Socket]>;
    await using _client = givenClient(given.root, {auth: {token: 'x'}});
    const [socket] = await connected;
    assert.deepEqual(socket.handshake.auth, {changed: true}, part);
  });

  it('Server._checkNamespace is asked for a namespace that does not exist, when its packet is decoded', async () => {
    await using given = await givenIo();
    const part = changed('Server._checkNamespace');
    const steps: unknown[] = [];
    const parser = parserOf(given.io);
    const {Decoder} = parser._parser;
    parser._parser = {
      ...parser._parser,
      Decoder: class extends Decoder {
        constructor() {
          super();
          this.on('decoded', () => {
            steps.push('decoded');
            queueMicrotask(() => steps.push('later'));
          });
        }
      },
    };
    const server = joiningOf(given.io);
    const {_checkNamespace: check} = server;
    server._checkNamespace = (name, auth, decide) => {
      steps.push(name);
      check.call(server, name, auth, decide);
    };
    given.io.of(/^\/room-/);
    await using client = await RawClient.open(given.root);
    await client.send('40/room-1,');
    assert.match((await client.next()) ?? '', /^40\/room-1,/, part);
    await client.send('40');
    await client.next();
    const expected = ['decoded', '/room-1', 'later', 'decoded', 'later'];
    assert.deepEqual(steps, expected, part);
  });

  it('a polling transport has its own limit of bytes, and hands over whole payloads', async () => {
    await using given = await givenIo();
    const part = changed('Polling.onData or maxHttpBufferSize');
    const payloads: unknown[] = [];
    given.io.engine.on('connection', (connection: Socket['conn']) => {
      const transport = transportOf(connection);
      assert.equal(transport.name, 'polling', part);
      assert.equal(requestLimitOf(connection).maxHttpBufferSize, 1e6, part);
      requestLimitOf(connection).maxHttpBufferSize = 100;
      // It would wait 30 s for a last request.
      connection.once('close', () => closingOf(connection.transport)?.());
      const {onData} = transport;
      transport.onData = data => {
        payloads.push(data);
        onData.call(transport, data);
      };
    });
    await using client = await RawClient.join(given.root);
    await client.send('42["a"]', '42["b"]');
    assert.deepEqual(payloads, ['40', '42["a"]\x1e42["b"]'], part);
    await client.send(`42["${'x'.repeat(100)}"]`);
    assert.equal(payloads.length, 2, part);
  });

  it('a polling transport writes each response by doWrite, and then takes the next request', async () => {
    await using given = await givenIo();
    const part = changed('Polling.doWrite');
    const written: unknown[] = [];
    given.io.engine.on('connection', (connection: Socket['conn']) => {
      const transport = transportOf(connection);
      const {doWrite} = transport;
      transport.doWrite = (data, options, done) => {
        const {res} = transport;
        written.push([data, res.writableEnded]);
        doWrite.call(transport, data, options, () => {
          assert.ok(res.writableEnded, part);
          assert.equal(transport.res, res, part);
          done();
          assert.equal(transport.res, null, part);
        });
      };
    });
    await using _client = await RawClient.join(given.root);
    const [socket] = given.io.of('/').sockets.values();
    assert.deepEqual(written, [[`40{"sid":"${socket.id}"}`, false]], part);
  });

  it('Socket.fns are the guards given to socket.use', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using _client = one;
    const guard = (_packet: unknown, next: () => void) => next();
    assert.deepEqual(internalsOf(socket).fns, [], changed('Socket.fns'));
    socket.use(guard);
    assert.deepEqual(internalsOf(socket).fns, [guard], changed('Socket.fns'));
  });

  it('Socket.packet sends an event, and notifyOutgoingListeners shows it to listeners', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const packet = {type: EVENT, data: ['event', 'value']};
    const seen: unknown[] = [];
    socket.onAnyOutgoing((...event: unknown[]) => seen.push(event));
    internalsOf(socket).packet(packet);
    assert.equal(await client.next('event'), 'value', changed('Socket.packet'));
    assert.deepEqual(seen, [], changed('Socket.packet'));
    internalsOf(socket).packet(packet, {volatile: false});
    assert.equal(await client.next('event'), 'value', changed('Socket.packet'));
    internalsOf(socket).notifyOutgoingListeners(packet);
    const part = changed('Socket.notifyOutgoingListeners');
    assert.deepEqual(seen, [['event', 'value']], part);
  });

  it('a socket joins its own room when it is connected, before listeners run, and has left all when it is gone', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const {adapter} = namespace;
    const steps: unknown[] = [];
    const addAll = adapter.addAll.bind(adapter);
    adapter.addAll = (id, rooms) => {
      steps.push(['addAll', [...rooms], namespace.sockets.has(id)]);
      return addAll(id, rooms);
    };
    const delAll = adapter.delAll.bind(adapter);
    adapter.delAll = id => {
      steps.push(['delAll', id]);
      delAll(id);
    };
    namespace.on('connect', () => steps.push('connect'));
    namespace.on('connection', () => steps.push('connection'));
    const [client, socket] = await connect(given, namespace);
    socket.on('disconnect', () => {
      steps.push(['disconnect', namespace.sockets.has(socket.id)]);
    });
    const gone = once(socket, 'disconnect');
    await client[Symbol.asyncDispose]();
    await gone;
    assert.deepEqual(
      steps,
      [
        ['addAll', [socket.id], true],
        'connect',
        'connection',
        ['delAll', socket.id],
        ['disconnect', false],
      ],
      changed('how sockets join their room'),
    );
  });

  it('Socket.join, leave, leaveAll and rooms go by way of the adapter', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using _client = one;
    const {adapter} = socket.nsp;
    const calls: unknown[] = [];
    adapter.addAll = (...args) => void calls.push(['addAll', ...args]);
    adapter.del = (...args) => void calls.push(['del', ...args]);
    const delAll = adapter.delAll.bind(adapter);
    adapter.delAll = id => {
      calls.push(['delAll', id]);
      delAll(id);
    };
    assert.deepEqual([...socket.rooms], [socket.id], changed('Socket.rooms'));
    void socket.join(['one', 'two']);
    void socket.leave('one');
    socket['leaveAll']();
    assert.deepEqual(
      calls,
      [
        ['addAll', socket.id, new Set(['one', 'two'])],
        ['del', socket.id, 'one'],
        ['delAll', socket.id],
      ],
      changed('Socket.join, leave or leaveAll'),
    );
    assert.deepEqual([...socket.rooms], [], changed('Socket.rooms'));
    assert.deepEqual(await socket.nsp.fetchSockets(), [], changed('Adapter.delAll'));
  });

  it("a broadcast goes by way of the adapter's broadcast", async () => {
    await using given = await givenIo();
    const {adapter} = given.io.of('/');
    const calls: unknown[] = [];
    adapter.broadcast = (packet, options) => void calls.push([packet, options]);
    given.io.to('room').except('other').volatile.emit('event', 1);
    const packet = {type: EVENT, data: ['event', 1]};
    const options = {
      rooms: new Set(['room']),
      except: new Set(['other']),
      flags: {volatile: true},
    };
    assert.deepEqual(calls, [[packet, options]], changed('Adapter.broadcast'));
  });

  it("a socket's own emit goes by way of the adapter with connection state recovery only", async () => {
    for (const recovery of [false, true]) {
      await using given = await givenIo(recovery ? {connectionStateRecovery: {}} : {});
      const part = changed('Socket.emit');
      const setting = given.io._opts.connectionStateRecovery;
      assert.equal(setting !== undefined, recovery, changed('Server._opts'));
      const [one, socket] = await connect(given, given.io.of('/'));
      await using client = one;
      const {adapter} = socket.nsp;
      const calls: [any, any][] = [];
      const broadcast = adapter.broadcast.bind(adapter);
      adapter.broadcast = (packet, options) => {
        calls.push([{...packet, data: [...packet.data]}, options]);
        broadcast(packet, options);
      };
      client.socket.on('question', (ack: (reply: string) => void) => ack('answer'));
      socket.emit('event', 1);
      assert.equal(await socket.emitWithAck('question'), 'answer', part);
      assert.deepEqual(client.names, ['connect', 'event', 'question'], part);
      if (!recovery) {
        assert.deepEqual(calls, [], part);
        continue;
      }
      const own = {rooms: new Set([socket.id]), except: new Set(), flags: {}};
      assert.deepEqual(calls[0], [{type: EVENT, data: ['event', 1]}, own], part);
      assert.deepEqual(calls[1][0].data, ['question'], part);
      assert.equal(typeof calls[1][0].id, 'number', part);
      assert.deepEqual(calls[1][1], own, part);
    }
  });

  it('a session is kept by Adapter.persistSession and comes back from restoreSession, as often as asked', async () => {
    await using given = await givenIo({connectionStateRecovery: {}});
    const namespace = given.io.of('/');
    const {adapter} = namespace;
    const steps: unknown[] = [];
    for (const name of ['persistSession', 'delAll'] as const) {
      const original = adapter[name].bind(adapter) as (value: unknown) => void;
      adapter[name] = (value: unknown) => {
        steps.push(name);
        original(value);
      };
    }
    const [one, socket] = await connect(given, namespace);
    await using client = one;
    await socket.join('room');
    socket.data.name = 'kept';
    socket.emit('event');
    await client.next('event');
    const {pid} = internalsOf(socket);
    assert.equal(typeof pid, 'string', changed('Socket.pid'));
    assert.equal(client.socket['_pid'], pid, changed('Socket.pid'));
    const offset = client.socket['_lastOffset'];
    const gone = once(socket, 'disconnect');
    client.socket.io.engine.close();
    await gone;
    assert.deepEqual(
      steps,
      ['persistSession', 'delAll'],
      changed('Adapter.persistSession'),
    );

    given.io.to('room').emit('missed', 1);
    const part = changed('Adapter.restoreSession');
    for (let time = 0; time < 2; time++) {
      const session = await adapter.restoreSession(pid, offset);
      const {sid, rooms, data, missedPackets} = session;
      assert.equal(sid, socket.id, part);
      assert.equal(session.pid, pid, part);
      assert.deepEqual(rooms, [socket.id, 'room'], part);
      assert.deepEqual(data, {name: 'kept'}, part);
      assert.equal(missedPackets.length, 1, part);
      const [missed] = missedPackets;
      assert.deepEqual(missed.slice(0, 2), ['missed', 1], part);
      assert.equal(typeof missed[2], 'string', part);
    }
    const unknown: unknown = await adapter.restoreSession('unknown', offset);
    assert.equal(unknown, null, part);
  });

  it('a socket that is recovered gets its rooms and missed packets from restoreSession, and starts anew on null', async () => {
    await using given = await givenIo({connectionStateRecovery: {}});
    const namespace = given.io.of('/');
    const {adapter} = namespace;
    const part = changed('Adapter.restoreSession');
    const asked: unknown[] = [];
    adapter.restoreSession = async (...args) => {
      asked.push(args);
      if (args[0] === 'none') return null as any;
      return {
        sid: 'sid',
        pid: args[0],
        rooms: ['room'],
        data: {name: 'kept'},
        missedPackets: [],
      };
    };
    const recover = async (pid: string) => {
      const connected = once(namespace, 'connection') as Promise<[Socket]>;
      const auth = {pid, offset: 'offset'};
      const client = givenClient(given.root, {auth});
      const [socket] = await connected;
      return [client, socket] as const;
    };
    const [one, recovered] = await recover('some');
    await using _one = one;
    assert.deepEqual(asked, [['some', 'offset']], part);
    assert.equal(recovered.recovered, true, part);
    assert.equal(recovered.id, 'sid', part);
    assert.deepEqual(recovered.data, {name: 'kept'}, part);
    assert.deepEqual([...recovered.rooms], ['room', 'sid'], part);
    assert.equal(recovered.handshake.auth.pid, 'some', part);
    assert.equal(recovered.handshake.auth.offset, 'offset', part);
    const [two, fresh] = await recover('none');
    await using _two = two;
    assert.equal(fresh.recovered, false, part);
    assert.deepEqual([...fresh.rooms], [fresh.id], part);
  });

  it('an adapter that is replaced is assigned to Namespace.adapter', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/named');
    const assigned: unknown[] = [];
    let {adapter} = namespace;
    Object.defineProperty(namespace, 'adapter', {
      get: () => adapter,
      set: (next: typeof adapter) => {
        assigned.push(next);
        adapter = next;
      },
    });
    const current = given.io.adapter();
    assert.ok(current, changed('Server.adapter'));
    given.io.adapter(current);
    assert.equal(assigned.length, 1, changed('Namespace.adapter'));
    const [one, socket] = await connect(given, namespace, '/named');
    await using client = one;
    assert.ok(socket['adapter'] === assigned[0], changed('Namespace.adapter'));
    namespace.emit('event');
    await client.next('event');
  });

  it('Namespace._preConnectSockets holds sockets until their middleware has finished', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const held = new Queue<[Socket, () => void]>();
    namespace.use((socket, next) => held.push([socket, next]));
    const connected = once(namespace, 'connection');
    await using _client = givenClient(given.root);
    const [socket, next] = await held.next();
    const part = changed('Namespace._preConnectSockets');
    assertSame(connectingSockets(namespace).values(), [socket], part);
    assert.equal(namespace.sockets.has(socket.id), false, part);
    next();
    await connected;
    assertSame(connectingSockets(namespace).values(), [], part);
    assertSame(namespace.sockets.values(), [socket], part);
  });

  it('Client.sockets and nsps are the sockets on one connection, while they are connected', async () => {
    await using given = await givenIo();
    const [one, plain] = await connect(given, given.io.of('/'));
    await using client = one;
    const connected = once(given.io.of('/named'), 'connection') as Promise<[Socket]>;
    client.socket.io.socket('/named');
    const [named] = await connected;
    const part = changed('Client.sockets or Client.nsps');
    assert.ok(plain.client === named.client, part);
    const sockets = socketsOnConnection(plain);
    assertSame(sockets.keys(), [plain.id, named.id], part);
    assertSame(sockets.values(), [plain, named], part);
    const {nsps} = clientOf(plain.client);
    assert.deepEqual([...nsps.keys()], ['/', '/named'], part);
    named.disconnect();
    assertSame(sockets.values(), [plain], part);
    assert.deepEqual([...nsps.keys()], ['/'], part);
    assert.equal(plain.conn.readyState, 'open', part);
  });

  it('Client.ondecoded listens to the decoder for every packet', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    socket.on('question', (ack: (reply: string) => void) => ack('answer'));
    const part = changed('Client.decoder or Client.ondecoded');
    const internals = clientOf(socket.client);
    const {decoder, ondecoded} = internals;
    const packets: unknown[] = [];
    decoder.off('decoded', ondecoded);
    internals.ondecoded = packet => {
      packets.push([packet.type, packet.nsp]);
      ondecoded(packet);
    };
    decoder.on('decoded', internals.ondecoded);
    assert.equal(await client.call('question'), 'answer', part);
    assert.deepEqual(packets, [[EVENT, '/']], part);
  });

  it('Client._parseNamespace says where a packet goes', async () => {
    for (const [protocol, namespace] of [
      [3, '/named'],
      [4, '/named?a=1'],
    ] as const) {
      await using given = await givenIo({allowEIO3: true});
      const connected = once(given.io, 'connection') as Promise<[Socket]>;
      await using client = await RawClient.open(given.root, protocol);
      if (protocol === 4) await client.send('40');
      const [socket] = await connected;
      const packet = {type: EVENT, nsp: '/named?a=1'};
      const parsed = clientOf(socket.client)._parseNamespace(packet);
      assert.equal(parsed.namespace, namespace, changed('Client._parseNamespace'));
    }
  });

  it('the children of a pattern are known before they are announced, inherit from it, and go when empty', async () => {
    await using given = await givenIo();
    const {io} = given;
    const ran: string[] = [];
    const parent = io.of(/^\/room-\d$/);
    parent.use((_socket, next) => {
      ran.push('middleware');
      next();
    });
    parent.on('connection', () => ran.push('connection'));
    const children = childrenOf(parent);
    const part = changed('ParentNamespace.children');
    assert.ok(children instanceof Set, part);
    assert.ok(childrenOf(io.of('/')) === undefined, part);
    const announced: unknown[] = [];
    io.on('new_namespace', child => {
      announced.push([child.name, children.has(child), child.sockets.size]);
    });
    const connected = once(io, 'new_namespace') as Promise<[Namespace]>;
    const client = givenClient(`${given.root}/room-1`);
    const [child] = await connected;
    await client.next('connect');
    assert.deepEqual(announced, [['/room-1', true, 0]], part);
    assert.deepEqual(ran, ['middleware', 'connection'], part);
    assertSame(children, [child], part);
    assert.ok(io._nsps.get('/room-1') === child, changed('Server._nsps'));
    const [socket] = child.sockets.values();
    const gone = once(socket, 'disconnect');
    await client[Symbol.asyncDispose]();
    await gone;
    assertSame(children, [], part);
    assert.equal(io._nsps.has('/room-1'), false, changed('Server._nsps'));
  });

  it('a namespace whose name matches a pattern can be detached from it, and stays', async () => {
    await using given = await givenIo();
    const {io} = given;
    const parent = io.of(/^\/room-\d$/);
    const part = changed('Server.parentNsps or Namespace._remove');
    const namespace = io.of('/room-1');
    assertSame(childrenOf(parent) ?? [], [namespace], part);
    assert.ok(Object.hasOwn(namespace, '_remove'), part);
    detachFromPattern(namespace);
    assertSame(childrenOf(parent) ?? [], [], part);
    const [client, socket] = await connect(given, namespace, '/room-1');
    const gone = once(socket, 'disconnect');
    await client[Symbol.asyncDispose]();
    await gone;
    assert.equal(namespace.sockets.size, 0, part);
    assert.ok(io._nsps.get('/room-1') === namespace, part);
  });

  it('a socket that is joining can be taken out of its namespace', async () => {
    await using given = await givenIo();
    const part = changed('Socket._cleanup or Namespace._remove');
    const joining = new Queue<Socket>();
    const parent = given.io.of(/^\/room-\d$/);
    parent.use(socket => joining.push(socket));
    await using client = givenClient(`${given.root}/room-1`);
    const socket = await joining.next();
    assert.equal(connectingSockets(socket.nsp).get(socket.id), socket, part);
    internalsOf(socket)._cleanup();
    assert.equal(connectingSockets(socket.nsp).size, 0, part);
    assert.ok(!given.io._nsps.has('/room-1'), part);
    void client;
  });

  it('Namespace._remove is called with each socket that is refused, leaves or is gone', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const removed = new Queue<Socket>();
    onRemoved(namespace, socket => removed.push(socket));
    const part = changed('Namespace._remove');
    namespace.use((socket, next) =>
      next(socket.handshake.auth.refuse ? new Error('refused') : undefined),
    );
    await using refused = givenClient(given.root, {auth: {refuse: true}});
    await refused.next('connect_error');
    assert.equal((await removed.next()).handshake.auth.refuse, true, part);
    const [left, leaving] = await connect(given, namespace);
    left.socket.disconnect();
    assert.ok((await removed.next()) === leaving, part);
    const [client, gone] = await connect(given, namespace);
    client.socket.io.engine.close();
    assert.ok((await removed.next()) === gone, part);
    assert.equal(namespace.sockets.size, 0, part);
  });

  it('a polling transport that closes between requests can be ended at once', async () => {
    await using given = await givenIo();
    const connected = once(given.io, 'connection') as Promise<[Socket]>;
    await using client = await RawClient.open(given.root);
    await client.send('40');
    const [socket] = await connected;
    await client.until('40');
    const {conn} = socket;
    const part = changed('Transport.shouldClose');
    const clients: object = given.io.engine['clients'];
    assertSame(Object.values(clients), [conn], changed('Engine.clients'));
    assert.ok(!closingOf(conn.transport), part);
    const reasons: unknown[] = [];
    socket.on('disconnect', reason => reasons.push(reason));
    conn.close();
    assert.deepEqual(reasons, [], part);
    assert.equal(typeof closingOf(conn.transport), 'function', part);
    closingOf(conn.transport)?.();
    assert.deepEqual(reasons, ['forced close'], part);
    assertSame(Object.values(clients), [], changed('Engine.clients'));
  });

  it('Engine.verify is asked about each request, and whoever is refused is told of', async () => {
    await using given = await givenIo();
    const {engine} = given.io;
    const part = changed('Engine.verify');
    const asked: [EngineRequest['_query'], boolean, websocket: boolean][] = [];
    const internals = engineOf(engine);
    const verify = internals.verify.bind(engine);
    internals.verify = (request, upgrade, answer) => {
      const {_query} = request;
      verify(request, upgrade, (code, context) => {
        if (_query?.j !== undefined) answer(FORBIDDEN, {message: 'No.'});
        else answer(code, context);
        asked.push([_query, upgrade, request.websocket !== undefined]);
      });
    };
    const query = {EIO: '4', transport: 'polling'};
    await using client = await RawClient.open(given.root);
    await client.send('3');
    const {sid} = client;
    const upgrade = await RawSocket.upgrade(
      given.root,
      `/socket.io/?EIO=4&transport=websocket&sid=${sid}`,
    );
    await using _upgrade = upgrade;
    const refused = once(engine, 'connection_error') as Promise<[{req: EngineRequest}]>;
    const response = await fetch(`${given.root}/socket.io/?EIO=4&transport=polling&j=1`);
    assert.deepEqual(
      [response.status, await response.text()],
      [403, '{"code":4,"message":"No."}'],
      part,
    );
    assert.equal((await refused)[0].req._query?.j, '1', part);
    const plain = asked.map(([one, ...rest]) => [{...one}, ...rest]);
    assert.deepEqual(
      plain,
      [
        [query, false, false],
        [{...query, sid}, false, false],
        [{EIO: '4', transport: 'websocket', sid}, true, true],
        [{...query, j: '1'}, false, false],
      ],
      part,
    );
  });

  it('a namespace adds each client and connects each socket by functions that can be replaced', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const part = changed('Namespace._add or Namespace._doConnect');
    const internals = namespaceInternalsOf(namespace);
    const [add, connected] = [internals._add, internals._doConnect];
    const seen: unknown[] = [];
    internals._add = (client, auth, joined) => {
      seen.push(auth);
      return add.call(namespace, client, auth, joined);
    };
    internals._doConnect = (socket, joined) => {
      seen.push(socket.connected);
      connected.call(namespace, socket, joined);
      seen.push(clientOf(socket.client).nsps.get('/') === socket);
    };
    await using client = await RawClient.open(given.root);
    await client.send('40{"token":"ok"}');
    await client.until('40{');
    assert.deepEqual(seen, [{token: 'ok'}, false, true], part);
  });

  it('a client joins a namespace again when its socket is not in Client.nsps', async () => {
    await using given = await givenIo();
    const namespace = given.io.of('/');
    const part = changed('Client.ondecoded, Client.nsps or Socket._onclose');
    await using client = await RawClient.open(given.root);
    await client.send('40');
    await client.until('40{');
    const [socket] = namespace.sockets.values();
    const {nsps, server} = clientOf(socket.client);
    assert.equal(server, given.io, part);
    nsps.delete('/');
    const gone = once(socket, 'disconnect');
    internalsOf(socket)._onclose('a reason');
    assert.equal((await gone)[0], 'a reason', part);
    const packets = new Queue<object>();
    nsps.set('/', {_onpacket: (packet: object) => packets.push(packet)} as never);
    await client.send('41');
    assert.equal((await packets.next()) instanceof Object, true, part);
    nsps.delete('/');
    await client.send('40');
    await client.until('40{');
    assert.equal(namespace.sockets.size, 1, part);
  });

  it('Socket._cleanup and Socket._error end a socket that is refused', async () => {
    await using given = await givenIo();
    const part = changed('Socket._cleanup or Socket._error');
    const namespace = given.io.of('/');
    const called: string[] = [];
    namespace.use((socket, next) => {
      const internals = internalsOf(socket);
      const error = internals._error.bind(socket);
      internals._cleanup = () => called.push('cleanup');
      internals._error = body => {
        called.push('error');
        error(body);
      };
      next(new Error('No.'));
    });
    await using client = givenClient(given.root, {reconnection: false});
    await client.next('connect_error');
    assert.deepEqual(called, ['cleanup', 'error'], part);
  });

  it('a pattern makes its children by a function that can be replaced, whoever asks', async () => {
    await using given = await givenIo();
    const {io} = given;
    const part = changed('ParentNamespace.createChild or Namespace._initAdapter');
    const parent = io.of(/^\/room-\d$/);
    const internals = parentInternalsOf(parent);
    const create = internals.createChild.bind(parent);
    const made: string[] = [];
    internals.createChild = name => {
      made.push(name);
      return create(name);
    };
    const child = io.of('/room-1');
    const {adapter} = child;
    namespaceInternalsOf(child)._initAdapter();
    assert.notEqual(child.adapter, adapter, part);
    const [client] = await connect(given, parent, '/room-2');
    await client[Symbol.asyncDispose]();
    assert.deepEqual(made, ['/room-1', '/room-2'], part);
  });

  it('what toJSON leaves out is not sent, beside a Buffer either', async () => {
    await using given = await givenIo();
    const [one, socket] = await connect(given, given.io.of('/'));
    await using client = one;
    const model = {name: 'shown', secret: 'hidden', toJSON: () => ({name: 'shown'})};
    socket.emit('event', {model, data: Buffer.from([1])});
    const received = await client.next<{model: object}>('event');
    assert.deepEqual(
      received.model,
      {name: 'shown'},
      changed('the parser, before 4.2.7'),
    );
  });
});
