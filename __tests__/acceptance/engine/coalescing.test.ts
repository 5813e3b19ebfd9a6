import {RestBindings} from '@loopback/rest';
import {SocketBindings} from 'loopback4-socket';
import type {Socket, SocketComponentOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {AsyncLocalStorage} from 'node:async_hooks';
import type {Socket as NetSocket} from 'node:net';
import {describe, it} from 'node:test';
import {WebSocket, WebSocketServer} from 'ws';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {ClientOptions, TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {RawSocket} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

const BURST = 20;

/** Counts the system calls that write to one TCP connection of the server's. */
function countWrites(stream: NetSocket): {readonly count: number} {
  const counter = {count: 0};
  const internals = stream as unknown as Record<
    '_write' | '_writev',
    (...args: never[]) => void
  >;
  for (const name of ['_write', '_writev'] as const) {
    const write = internals[name];
    internals[name] = function (...args) {
      counter.count++;
      write.apply(this, args);
    };
  }
  return counter;
}

async function givenPair(
  component: SocketComponentOptions = {},
  options: ClientOptions = {},
) {
  const gate = new Gate();
  const given = await givenServer(
    server => {
      server.defineMethod('sync', (_socket, _credentials, args) => args);
      server.defineMethod('async', (_socket, _credentials, args) =>
        Promise.resolve(args),
      );
      server.defineMethod('gated', (_socket, _credentials, args) =>
        gate.opened.then(() => args),
      );
      server.defineMethod('steps', async (_socket, _credentials, args) => {
        await gate.opened;
        for (let step = 0; step < (args as number); step++) await Promise.resolve();
        return args;
      });
    },
    {},
    {component: {coalesceWrites: true, ...component}},
  );
  const client = await givenAuthenticated(given.server.url, undefined, options);
  const [socket] = given.server.io.sockets.values();
  return {
    given,
    gate,
    client,
    socket,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  };
}

function streamOf(socket: Socket): NetSocket {
  return (socket.conn.transport as unknown as {socket: {_socket: NetSocket}}).socket
    ._socket;
}

/** Arguments of the events of a name, in order. */
function argumentsOf(client: TestClient, name: string): unknown[] {
  return client.received.filter(([event]) => event === name).map(([, value]) => value);
}

const numbers = (count: number) => Array.from({length: count}, (_, at) => at);

describe('what is sent to a client in one tick', () => {
  it('leaves in one system call: events', async () => {
    await using pair = await givenPair();
    const writes = countWrites(streamOf(pair.socket));
    for (const at of numbers(BURST)) pair.socket.emit('event', at);
    await pair.client.call('sync');
    assert.deepEqual(argumentsOf(pair.client, 'event'), numbers(BURST));
    assert.equal(writes.count, 2);
  });

  it('leaves in one system call: answers, also where some take more promises', async () => {
    for (const method of ['gated', 'steps']) {
      await using pair = await givenPair();
      const writes = countWrites(streamOf(pair.socket));
      const calls = numbers(BURST).map(at => pair.client.call(method, at));
      await pair.client.call('sync');
      const before = writes.count;
      pair.gate.open();
      assert.deepEqual(
        await Promise.all(calls),
        numbers(BURST).map(result => ({result})),
      );
      assert.equal(writes.count - before, 1);
    }
  });

  it('leaves in one system call: the answer to an upgrade, and the first message', async () => {
    await using pair = await givenPair();
    const rest = pair.given.app.getSync(RestBindings.SERVER);
    const accepted = once(rest.httpServer!.server, 'connection') as Promise<[NetSocket]>;
    const url = new URL('/socket.io/?EIO=4&transport=websocket', pair.given.server.url);
    const client = new WebSocket(url);
    const counted = accepted.then(([stream]) => countWrites(stream));
    const [message] = (await once(client, 'message')) as [Buffer];
    assert.match(message.toString(), /^0\{/);
    assert.equal((await counted).count, 1);
    client.terminate();
  });

  it('leaves for all others where a listener of one connection fails', async () => {
    await using pair = await givenPair();
    const {url, io} = pair.given.server;
    await using second = await givenAuthenticated(url);
    await using third = await givenAuthenticated(url);
    const thrown: unknown[] = [];
    const fault = new Error('drained');
    const sockets = [...io.sockets.values()];
    // Before the test runner's own, which would take it for a failing test.
    process.setUncaughtExceptionCaptureCallback(error => thrown.push(error));
    try {
      for (const socket of sockets) socket.emit('event', 1);
      // Its second message leaves when the first is told to be sent, at the end of the tick.
      sockets[1].conn.once('drain', () => {
        throw fault;
      });
      for (const socket of sockets) socket.emit('event', 2);
      const clients = [pair.client, second, third];
      for (const client of clients) await client.call('sync');
      for (const client of clients)
        assert.deepEqual(argumentsOf(client, 'event'), [1, 2]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    assert.deepEqual(thrown, [fault]);
  });

  it('leaves in two at most: broadcasts', async () => {
    await using pair = await givenPair();
    const writes = countWrites(streamOf(pair.socket));
    for (const at of numbers(BURST)) pair.given.server.emit('event', at);
    await pair.client.call('sync');
    assert.deepEqual(argumentsOf(pair.client, 'event'), numbers(BURST));
    assert.ok(writes.count <= 3, `${writes.count}`);
  });

  it('leaves one by one where the option is off, or the engine is the application’s own', async () => {
    for (const component of [
      {coalesceWrites: false},
      {io: {wsEngine: WebSocketServer as never}},
    ]) {
      await using pair = await givenPair(component);
      const writes = countWrites(streamOf(pair.socket));
      for (const at of numbers(BURST)) pair.socket.emit('event', at);
      await pair.client.call('sync');
      assert.deepEqual(argumentsOf(pair.client, 'event'), numbers(BURST));
      assert.equal(writes.count, BURST + 1);
    }
  });

  it('arrives in order, mixed with broadcasts, binary data and answers', async () => {
    for (const options of [{}, {io: {perMessageDeflate: {threshold: 10}}}]) {
      await using pair = await givenPair(options);
      const {client, given, socket} = pair;
      for (const at of numbers(50)) {
        if (at % 4 === 0) socket.emit('event', at);
        if (at % 4 === 1) given.server.emit('event', at);
        if (at % 4 === 2) socket.emit('event', at, Buffer.alloc(1000, at));
        if (at % 4 === 3)
          socket.compress(at % 8 === 3).emit('event', at, 'x'.repeat(5000));
      }
      await client.call('async');
      assert.deepEqual(argumentsOf(client, 'event'), numbers(50));
      const binary = client.received.find(([name, at]) => name === 'event' && at === 46);
      assert.deepEqual(Buffer.from(binary![2]), Buffer.alloc(1000, 46));
    }
  });

  it('arrives whatever its characters and however long it is', async () => {
    await using pair = await givenPair();
    const texts = ['', 'x', 'é', '€', '\u{1f600}', '\x00\x7f\x80'].flatMap(piece =>
      [1, 100, 125, 126, 20_000, 0xffff, 0x10000].map(times => piece.repeat(times)),
    );
    for (const text of texts) pair.socket.emit('event', text);
    await pair.client.call('sync');
    assert.deepEqual(argumentsOf(pair.client, 'event'), texts);
  });

  it('arrives over polling, and over an upgrade under way', async () => {
    for (const transports of [['polling'], ['polling', 'websocket']]) {
      await using pair = await givenPair({}, {transports});
      for (const at of numbers(200)) {
        pair.socket.emit('event', at);
        if (at % 20 === 0) await pair.client.call('sync');
      }
      await pair.client.call('sync');
      assert.deepEqual(argumentsOf(pair.client, 'event'), numbers(200));
    }
  });

  it('arrives before the connection is closed in the same tick', async () => {
    await using pair = await givenPair();
    await using other = await givenAuthenticated(pair.given.server.url);
    const [first, second] = pair.given.server.io.sockets.values();
    first.emit('last', 1);
    first.disconnect(true);
    second.emit('last', 1);
    second.conn.close();
    for (const client of [pair.client, other]) {
      assert.equal(await client.next('last'), 1);
      await client.next('disconnect');
    }
  });

  it('arrives at a client that reads late, though the server has disconnected it', async () => {
    await using pair = await givenPair({maxQueuedBytes: false});
    await using silent = await RawSocket.authenticated(pair.given.server.url);
    const [socket, other] = pair.given.server.io.sockets.values();
    const {_socket: reading} = (
      pair.client.socket.io.engine.transport as unknown as {ws: {_socket: NetSocket}}
    ).ws;
    reading.pause();
    const text = 'x'.repeat(4_000_000);
    for (const at of numbers(4)) socket.emit('event', at, text);
    await new Promise(resolve => setImmediate(resolve));
    socket.disconnect(true);
    // It does not answer the close handshake, and is cut for that in time.
    other.disconnect(true);
    await silent.ended;
    reading.resume();
    await pair.client.next('disconnect');
    assert.deepEqual(argumentsOf(pair.client, 'event'), numbers(4));
  });

  it('is told of in the asynchronous context of its own connection', async () => {
    await using pair = await givenPair();
    await using other = await givenAuthenticated(pair.given.server.url);
    const context = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    const gone = [...pair.given.server.io.sockets.values()].map((socket, at) => {
      socket.on('disconnect', () => seen.push([at, context.getStore()]));
      const left = once(socket, 'disconnect');
      context.run(at, () => {
        for (const value of numbers(2)) socket.emit('event', value);
        socket.conn.close();
      });
      return left;
    });
    await Promise.all(gone);
    assert.deepEqual(seen.sort(), [
      [0, 0],
      [1, 1],
    ]);
    for (const client of [pair.client, other]) await client.next('disconnect');
  });

  it('waits in the engine while the client does not read, where volatile events are dropped', async () => {
    await using pair = await givenPair();
    const {client, socket} = pair;
    const {_socket: reading} = (
      client.socket.io.engine.transport as unknown as {ws: {_socket: NetSocket}}
    ).ws;
    reading.pause();
    const text = 'x'.repeat(100_000);
    for (const at of numbers(200)) socket.emit('event', at, text);
    const {conn} = socket as unknown as {
      conn: {writeBuffer: unknown[]; transport: {writable: boolean}};
    };
    while (conn.transport.writable) await new Promise(resolve => setImmediate(resolve));
    assert.ok(streamOf(socket).writableLength < 10_000_000);
    assert.ok(conn.writeBuffer.length > 0);
    socket.volatile.emit('volatile');
    socket.emit('end');
    reading.resume();
    await client.next('end');
    assert.deepEqual(argumentsOf(client, 'event'), numbers(200));
    assert.ok(!client.names.includes('volatile'));
  });

  it('ends with a connection that is cut', async () => {
    await using pair = await givenPair();
    const gone = once(pair.socket, 'disconnect');
    for (const at of numbers(BURST)) pair.socket.emit('event', at);
    streamOf(pair.socket).destroy();
    await gone;
    await using other = givenClient(pair.given.server.url);
    await other.authenticate();
    assert.deepEqual(await other.call('sync', 1), {result: 1});
    assert.equal((await pair.given.app.get(SocketBindings.IO)).engine.clientsCount, 1);
  });
});
