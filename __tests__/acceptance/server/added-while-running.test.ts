import type {Application, ControllerClass} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {
  socketAuth,
  SocketBindings,
  SocketComponent,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

@socketController({server: 'late'})
class LateController {
  @socketAuth()
  authenticate() {
    return {name: 'someone'};
  }

  @socketMethod()
  greet() {
    return 'hello';
  }
}

/** Waits until what was bound has been seen. */
async function settle(app: Application): Promise<void> {
  await app.subscriptionManager.waitUntilPendingNotificationsDone();
}

describe('a server that is added while the application runs', () => {
  it('is started when `SocketServer.get` asks for it', async () => {
    await using given = await givenServer();
    const late = SocketServer.get(given.app, 'late', {anonymous: true});
    late.defineMethod('greet', () => 'hello');
    await using client = await givenAuthenticated(late.url, {});
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
  });

  it('is started when a controller names it', async () => {
    await using given = await givenServer();
    given.app.controller(LateController);
    await settle(given.app);
    const late = await given.app.getServer<SocketServer>('late');
    assert.equal(late.url, `${given.server.url}/late`);
    await using client = await givenAuthenticated(late.url);
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
  });

  it('is started though all others are idle', async () => {
    await using given = await givenApp();
    given.app.controller(LateController as ControllerClass);
    await settle(given.app);
    await using client = await givenAuthenticated(given.get('late').url);
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
  });

  it('takes configuration that was there before it', async () => {
    await using given = await givenServer(
      undefined,
      {},
      {
        servers: {late: {namespace: '/configured'}},
      },
    );
    given.app.controller(LateController);
    await settle(given.app);
    assert.equal(given.get('late').url, `${given.server.url}/configured`);
  });

  it('stops and starts with the others', async () => {
    await using given = await givenServer();
    given.app.controller(LateController);
    await settle(given.app);
    await given.app.stop();
    assert.equal(given.get('late').listening, false);
    await given.app.start();
    await using client = await givenAuthenticated(given.get('late').url);
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
  });

  it('waits for the start when it is added to a stopped application', async () => {
    await using given = await givenServer();
    await given.app.stop();
    const late = SocketServer.get(given.app, 'late', {anonymous: true});
    late.defineMethod('greet', () => 'hello');
    assert.equal(late.listening, false);
    await given.app.start();
    await using client = await givenAuthenticated(late.url, {});
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
  });

  it('is refused when its namespace is taken, and the first stays', async () => {
    await using given = await givenServer(server =>
      server.defineMethod('greet', () => 'first'),
    );
    const late = SocketServer.get(given.app, 'late', {anonymous: true, namespace: '/'});
    late.defineMethod('greet', () => 'second');
    await settle(given.app);
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('greet'), {result: 'first'});
    assert.equal(late.listening, false);
    assert.equal(given.logged.length, 1);
    assert.match(String(given.logged[0][0]), /"SocketServer" and "late"/);
    const next = SocketServer.get(given.app, 'next', {anonymous: true});
    next.defineMethod('greet', () => 'third');
    await using other = await givenAuthenticated(next.url, {});
    assert.deepEqual(await other.call('greet'), {result: 'third'});
  });

  it('cannot take the name of another class', async () => {
    await using given = await givenServer();
    assert.throws(
      () => SocketServer.get(given.app, 'RestServer'),
      /a server of another class/,
    );
  });
});

describe('configuration', () => {
  const stages: Record<string, (app: Application) => void> = {
    'before the component': app => {
      app.configure(SocketBindings.server()).to({namespace: '/configured'});
      app.component(SocketComponent);
    },
    'after the component': app => {
      app.component(SocketComponent);
      app.configure(SocketBindings.server()).to({namespace: '/configured'});
    },
  };
  for (const [stage, configure] of Object.entries(stages)) {
    it(`is taken when it is made ${stage}`, async () => {
      const app = new RestApplication({rest: {port: 0, host: '127.0.0.1'}});
      configure(app);
      const server = SocketServer.get(app);
      server.auth(() => true);
      await app.start();
      try {
        assert.match(server.url ?? '', /\/configured$/);
        await using client = await givenAuthenticated(server.url);
        assert.ok(client.socket.connected);
        await using refused = givenClient(new URL(server.url ?? '').origin);
        const {message} = await refused.next('connect_error');
        assert.equal(message, 'Invalid namespace');
      } finally {
        await app.stop();
      }
    });
  }

  it('is the last of several that were made before the start', async () => {
    await using given = await givenServer(undefined, {}, {start: false});
    SocketServer.get(given.app, 'admin', {anonymous: true, namespace: '/one'});
    SocketServer.get(given.app, 'admin', {anonymous: true, namespace: '/two'});
    await given.app.start();
    assert.equal(given.get('admin').url, `${given.server.url}/two`);
  });
});
