import {RestServer} from '@loopback/rest';
import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {givenAuthenticated} from '../../helpers/client';
import {givenHttp, givenPortInUse, isListening} from '../../helpers/net';
import {givenServer} from '../../helpers/server';

const within = {timeout: 10_000};
const inUse = {code: 'EADDRINUSE'};

function givenPing(options: AppOptions = {}): Promise<GivenApp> {
  return givenServer(server => server.defineMethod('ping', () => 'pong'), {}, options);
}

async function assertServed(url?: string): Promise<void> {
  await using client = await givenAuthenticated(url);
  assert.deepEqual(await client.call('ping'), {result: 'pong'});
}

describe('a start that fails', () => {
  it("rejects when REST's port is in use", within, async () => {
    await using taken = await givenPortInUse();
    await using given = await givenPing({rest: {port: taken.port}, start: false});
    await assert.rejects(given.app.start(), inUse);
    assert.equal(given.server.listening, false);
    assert.equal(given.server.url, undefined);
  });

  for (const plain of [true, false]) {
    const kind = plain ? 'a plain application' : 'an application with REST';

    it(`rejects when its own port is in use, in ${kind}`, within, async () => {
      const taken = await givenPortInUse();
      const http = {port: taken.port, host: '127.0.0.1'};
      const options = {plain, component: {http}};
      await using given = await givenPing({...options, start: false});
      await assert.rejects(given.app.start(), inUse);
      assert.equal(given.server.listening, false);
      assert.equal(given.server.url, undefined);

      // LoopBack cannot stop an application that did not start; its servers can be stopped.
      await given.server.stop();
      if (!plain) await (await given.app.getServer(RestServer)).stop();
      await taken[Symbol.asyncDispose]();
      assert.equal(await isListening(taken.port), false);
      await using next = await givenPing(options);
      await assertServed(next.server.url);
    });
  }

  it('leaves a given http.Server as it was', within, async () => {
    await using own = givenHttp();
    await own.listen();
    const before = own.http.listeners('request');
    const setup: AppOptions['setup'] = app => {
      SocketServer.get(app, 'other', {anonymous: true, namespace: '/'});
    };
    const component = {http: own.http};
    await assert.rejects(givenPing({plain: true, component, setup}), /same namespace/);
    assert.deepEqual(own.http.listeners('request'), before);
    assert.equal(own.http.listenerCount('upgrade'), 0);
    await using given = await givenPing({plain: true, component});
    await assertServed(given.server.url);
  });

  it('checks everything before anything listens', within, async () => {
    await using given = await givenPing({
      servers: {'': {timeout: -1}},
      start: false,
    });
    await assert.rejects(given.app.start(), /option "timeout" must be/);
    assert.equal((await given.app.getServer(RestServer)).listening, false);
  });

  it('can be tried again for one server', within, async () => {
    const taken = await givenPortInUse();
    const http = {port: taken.port, host: '127.0.0.1'};
    await using given = await givenPing({plain: true, component: {http}, start: false});
    const {server} = given;
    await assert.rejects(server.start(), inUse);
    await assert.rejects(server.start(), inUse);
    assert.equal(server.listening, false);
    await taken[Symbol.asyncDispose]();
    await server.start();
    assert.equal(server.url, `http://127.0.0.1:${taken.port}`);
    await assertServed(server.url);
    await server.stop();
    assert.equal(await isListening(taken.port), false);
  });

  it(
    'leaves other servers running when one cannot be started again',
    within,
    async () => {
      await using given = await givenPing({
        servers: {admin: {anonymous: true}},
        setup: app => SocketServer.get(app, 'admin').defineMethod('ping', () => 'pong'),
      });
      const admin = given.get('admin');
      await admin.stop();
      SocketServer.get(given.app, 'admin', {anonymous: true, timeout: -1});
      await assert.rejects(admin.start(), /option "timeout" must be/);
      await assertServed(given.server.url);
      SocketServer.get(given.app, 'admin', {anonymous: true});
      await admin.start();
      await assertServed(admin.url);
    },
  );
});
