import {SocketServer} from 'loopback4-socket';
import {SocketClient} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {once} from '../../__tests__/helpers/awaited';
import {Gate} from '../../__tests__/helpers/gate';
import {Queue} from '../../__tests__/helpers/queue';
import {LiveObjects} from '../../__tests__/helpers/remains';
import {givenServer} from '../../__tests__/helpers/server';
import {failureOf, givenClient} from './helpers/client';
import {seconds} from '../../__tests__/helpers/awaited';

const CLOSED = {statusCode: 499, code: 'CLOSED'};
const DISCONNECTED = {statusCode: 503, code: 'DISCONNECTED'};

/** A server with methods that both tests of ends and of events use. */
async function givenNews() {
  const called = new Queue<unknown>();
  const gate = new Gate();
  const given = await givenServer(
    server => {
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('slow', async () => {
        called.push(undefined);
        await gate.opened;
        return 'done';
      });
      server.defineMethod('say', (socket, _credentials, text) => {
        socket.emit('said', text, text.length);
      });
    },
    {},
    {setup: app => void SocketServer.get(app, 'admin', {anonymous: true})},
  );
  return {
    given,
    url: given.server.url ?? '',
    connections: () => given.server.io.server.engine.clientsCount,
    called,
    gate,
    [Symbol.asyncDispose]: async () => {
      gate.open();
      await given[Symbol.asyncDispose]();
    },
  };
}

describe('A client', () => {
  it('connects nowhere until somebody asks', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client} = one;
    client.on('said', () => undefined)();
    client.subscribe(() => undefined)();
    client.disconnect();
    assert.equal(client.call.ping, client.call.ping);
    await using other = givenClient(tested.url);
    await other.client.connect();
    assert.equal(client.state, 'idle');
    assert.equal(tested.connections(), 1);
  });

  it('receives events, over reconnects, until its listeners are removed', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client} = one;
    const heard: unknown[] = [];
    const listener = (...args: unknown[]) => heard.push(['on', ...args]);
    const stop = client.on('said', listener);
    client.once('said', (...args) => heard.push(['once', ...args]));
    client.once('said', () => heard.push('never'))();
    await client.call.say('a');
    for (const {conn} of tested.given.server.io.sockets.values()) conn.close();
    await one.until('disconnected');
    await client.connect();
    await client.call.say('bc');
    stop();
    client.on('said', listener);
    client.off('said', listener);
    await client.call.say('d');
    client.once('said', listener);
    client.off('said', listener);
    await client.call.say('e');
    const expected = [
      ['on', 'a', 1],
      ['once', 'a', 1],
      ['on', 'bc', 2],
    ];
    assert.deepEqual(heard, expected);
  });

  it('ends its calls and stays away after disconnect, until it connects again', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client} = one;
    const calls = [client.call.slow(), client.call.slow({}, {id: true})];
    await tested.called.next();
    await tested.called.next();
    client.disconnect();
    const waiting = client.call.ping();
    for (const call of calls) {
      assert.deepEqual(await failureOf(call), {...DISCONNECTED, sent: true});
    }
    assert.deepEqual(await failureOf(waiting), {...DISCONNECTED, sent: false});
    assert.equal(client.state, 'disconnected');
    await client.connect();
    assert.equal(await client.call.ping(), 'pong');
  });

  it('ends calls that nobody awaits without an unhandled rejection', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client} = one;
    void client.call.slow();
    await tested.called.next();
    client.disconnect();
    await client.connect();
    void client.call.slow({}, {id: true});
    await client.close();
  });

  it('says why it has no connection', async () => {
    await using tested = await givenNews();
    await using one = givenClient(new URL('/nowhere', tested.url).href);
    const {client} = one;
    const call = client.call.ping();
    assert.equal(client.socket.connected, false);
    await one.until('disconnected');
    client.disconnect();
    const error = {...DISCONNECTED, message: /^The client could not connect: Invalid/};
    await assert.rejects(call, error);
  });

  it('ends all that waits when it closes, and answers no more', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client} = one;
    const call = client.call.slow();
    await tested.called.next();
    await client.close();
    assert.deepEqual(await failureOf(call), {...CLOSED, sent: true});
    assert.equal(client.state, 'closed');
    for (const after of [client.call.ping(), client.connect(), client.authenticate()]) {
      assert.deepEqual(await failureOf(after), {...CLOSED, sent: false});
    }
    client.disconnect();
    client.retain();
    client.release();
    await client.close();
    assert.equal(client.state, 'closed');
    const connecting = givenClient('http://127.0.0.1:1').client;
    const connected = connecting.connect();
    const waiting = connecting.call.ping();
    await connecting.close();
    assert.deepEqual(await failureOf(connected), {...CLOSED, sent: false});
    assert.deepEqual(await failureOf(waiting), {...CLOSED, sent: false});
  });

  it('is connected while somebody retains it, also in strict mode', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    const {client, states} = one;
    client.retain();
    client.release();
    client.retain();
    await one.until('authenticated');
    const call = client.call.slow();
    await tested.called.next();
    client.release();
    assert.equal(await client.call.ping(), 'pong');
    tested.gate.open();
    assert.equal(await call, 'done');
    await one.until('idle');
    assert.deepEqual(states, [
      'idle',
      'connecting',
      'authenticating',
      'authenticated',
      'idle',
    ]);
    assert.equal(await client.call.ping(), 'pong');
    client.retain();
    client.release();
    await new Promise(setImmediate);
    assert.equal(client.state, 'authenticated');
  });

  it('shares the connection of another one, and closes only its own part', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    await using admin = givenClient(`${tested.url}/admin`);
    await Promise.all([one.client.connect(), admin.client.connect()]);
    assert.equal(tested.connections(), 1);
    await admin.client.close();
    assert.equal(await one.client.call.ping(), 'pong');
    await using again = givenClient(`${tested.url}/admin`);
    await again.client.connect();
    await one.client.close();
    assert.equal(again.client.state, 'authenticated');
    await assert.rejects(again.client.call.missing(), {code: 'METHOD_NOT_FOUND'});
  });

  it('of the same namespace has a connection of its own, as it may be another user', async () => {
    await using tested = await givenNews();
    await using one = givenClient(tested.url);
    await using other = givenClient(tested.url);
    await Promise.all([one.client.connect(), other.client.connect()]);
    assert.equal(tested.connections(), 2);
    await one.client.close();
    assert.equal(await other.client.call.ping(), 'pong');
  });

  it('may have a relative address, also where it is only rendered on a server', async () => {
    const client = new SocketClient('/chat');
    assert.equal(client.state, 'idle');
    await client.close();
  });

  for (const when of ['connected', 'connecting', 'coming back', 'refused']) {
    it(
      `leaves nothing when it is closed while ${when}`,
      {timeout: seconds(20)},
      async () => {
        await using tested = await givenNews();
        const child = fork(join(__dirname, 'fixtures/closing-process.js'), [
          when,
          tested.url,
        ]);
        const ended = once(child, 'exit');
        assert.deepEqual(await once(child, 'message'), [{closed: true}, undefined]);
        const began = performance.now();
        // Without timers and sockets the process ends by itself. Each timer of the client is longer than this.
        assert.deepEqual(await ended, [0, null]);
        assert.ok(performance.now() - began < 3000);
      },
    );
  }

  it('is collected after it is closed, with its listeners', async () => {
    await using tested = await givenNews();
    const objects = new LiveObjects();
    await (async () => {
      const client = new SocketClient(tested.url, {credentials: {token: 'ok'}});
      const listener = () => undefined;
      client.on('said', listener);
      client.subscribe(listener);
      objects.track(client, listener, client.call.ping());
      await client.connect();
      await client.call.ping();
      await client.close();
    })();
    await objects.gone();
  });
});
