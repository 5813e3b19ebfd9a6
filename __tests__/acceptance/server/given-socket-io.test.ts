import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {givenIo} from '../../helpers/io';
import {givenServer} from '../../helpers/server';

const within = {timeout: 10_000};

/** A plain application that listens nowhere itself. */
function givenPing(options: AppOptions = {}, namespace?: string): Promise<GivenApp> {
  return givenServer(
    server => server.defineMethod('ping', () => 'pong'),
    namespace === undefined ? {} : {namespace},
    {plain: true, start: false, ...options},
  );
}

describe('a server on a given socket.io server', () => {
  it('serves `/` at once, also the sockets that are there already', within, async () => {
    await using own = await givenIo();
    await using early = givenClient(own.url);
    await early.next('connect');
    await using given = await givenPing();
    given.server.start(own.io);
    assert.equal(given.server.listening, true);
    assert.equal(given.server.url, own.url);
    assert.equal(given.server.io, own.io.of('/'));
    await early.authenticate();
    assert.deepEqual(await early.call('ping'), {result: 'pong'});
    await using client = await givenAuthenticated(own.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    await given.server.stop();
  });

  it('serves the namespace given', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing();
    given.server.start(own.io.of('/given'));
    assert.equal(given.server.url, `${own.url}/given`);
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    await given.server.stop();
  });

  it('serves the namespace that is configured, whatever is given', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing({}, '/configured');
    given.server.start(own.io.of('/given'));
    assert.equal(given.server.url, `${own.url}/configured`);
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    await given.server.stop();
  });

  it('refuses to be started while it runs', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing();
    given.server.start(own.io);
    assert.throws(() => given.server.start(own.io), /already running/);
    await given.server.stop();
    given.server.start(own.io);
    await using client = await givenAuthenticated(own.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    await given.server.stop();
  });

  it('is left alone by the start of the application', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing();
    given.server.start(own.io);
    await using client = await givenAuthenticated(own.url);
    await given.app.start();
    assert.equal(given.server.url, own.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.ok(!client.names.includes('disconnect'));
  });

  it(
    'is drained by the stop of the application, which closes nothing else',
    within,
    async () => {
      const called = new Gate();
      const gate = new Gate();
      await using own = await givenIo();
      own.io.of('/mine').on('connection', socket => {
        socket.on('hello', (answer: (text: string) => void) => answer('mine'));
      });
      await using given = await givenPing();
      given.server.defineMethod('slow', async () => {
        called.open();
        await gate.opened;
        return 1;
      });
      given.server.start(own.io);
      await given.app.start();
      await using client = await givenAuthenticated(own.url, undefined, {
        reconnection: false,
      });
      const [shared, mine] = givenClients(own.url, ['/', '/mine'], {reconnection: false});
      await using _shared = shared;
      await shared.authenticate();
      await mine.next('connect');
      const answer = client.call('slow');
      await called.opened;
      const stopped = given.app.stop();
      assert.equal((await client.call('ping')).error?.code, 'SHUTTING_DOWN');
      gate.open();
      assert.deepEqual(await answer, {result: 1});
      await stopped;
      assert.equal(given.server.listening, false);
      assert.equal(given.server.url, undefined);
      await client.next('disconnect');
      await shared.next('disconnect');
      assert.equal(await mine.socket.emitWithAck('hello'), 'mine');
      assert.ok(!mine.names.includes('disconnect'));
      assert.equal(own.http.listening, true);
      await using other = givenClient(`${own.url}/mine`);
      assert.equal(await other.socket.emitWithAck('hello'), 'mine');
    },
  );

  it(
    'is served to nobody who joins late in the stop of the application',
    within,
    async () => {
      await using own = await givenIo();
      const leaving = new Gate();
      const gate = new Gate();
      await using given = await givenPing({
        plain: false,
        servers: {admin: {anonymous: true}},
        setup: app => {
          SocketServer.get(app, 'admin').onDisconnected(async () => {
            leaving.open();
            await gate.opened;
          });
        },
      });
      given.server.start(own.io);
      await given.app.start();
      await using _admin = await givenAuthenticated(given.get('admin').url, {});
      const stopped = given.app.stop();
      await leaving.opened;
      await using late = givenClient(own.url, {reconnection: false});
      await late.next('connect');
      gate.open();
      await stopped;
      late.socket.emit('authentication', {token: 'ok'});
      await Promise.race([late.next('disconnect'), late.next('authenticated')]);
      assert.deepEqual(late.names, ['connect', 'disconnect']);
    },
  );

  it('is served there again when the application starts again', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing();
    given.server.start(own.io);
    for (let i = 0; i < 3; i++) {
      await given.app.start();
      assert.equal(given.server.url, own.url);
      await using client = await givenAuthenticated(own.url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      await client[Symbol.asyncDispose]();
      await given.app.stop();
      assert.equal(given.server.listening, false);
    }
  });

  it('does not keep others from REST', within, async () => {
    await using own = await givenIo();
    await using given = await givenPing({
      plain: false,
      servers: {admin: {anonymous: true}},
      setup: app => SocketServer.get(app, 'admin').defineMethod('whoami', () => 'admin'),
    });
    given.server.start(own.io);
    await given.app.start();
    await using client = await givenAuthenticated(own.url);
    await using admin = await givenAuthenticated(given.get('admin').url, {});
    assert.notEqual(new URL(given.get('admin').url ?? '').origin, own.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.deepEqual(await admin.call('whoami'), {result: 'admin'});
  });
});
