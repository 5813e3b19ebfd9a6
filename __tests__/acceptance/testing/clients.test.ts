import assert from 'node:assert/strict';
import {once} from 'node:events';
import {describe, it} from 'node:test';
import {securityId} from '@loopback/security';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi, ChatEvents} from '../../helpers/chat-app';
import {Gate} from '../../helpers/gate';

const within = {timeout: 10_000};

describe('a client of the test kit', () => {
  it('is authenticated as a given user, without a token', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1, name: 'Ana'}});
    assert.deepEqual(await ana.call.whoAmI(), {id: 1, name: 'Ana'});
    assert.equal(await ana.call.credentials(), undefined);
  });

  it('gets pushed events, also those of connected handlers', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    assert.deepEqual(ana.received, [
      ['welcome', {id: 1}],
      ['authenticated', true],
    ]);
    await using ben = await app.client<ChatApi, ChatEvents>({user: {id: 2}});
    const said = ben.next('said');
    assert.deepEqual(await ana.call.say({text: 'Hello'}), {delivered: true});
    assert.equal(await said, 'Hello');
  });

  it('authenticates with credentials, as any client does', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using cid = await app.client<ChatApi>({credentials: {token: 'token of Cid'}});
    assert.equal((await cid.call.whoAmI()).name, 'Cid');
    const refused = app.client({credentials: {token: 'wrong'}});
    await expectCall(refused, {statusCode: 401, code: 'AUTHENTICATION_FAILED'});
    await expectCall(app.client(), {statusCode: 401});
  });

  it('has credentials beside its user, which methods see', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const credentials = {tenant: 'a'};
    await using ana = await app.client<ChatApi>({user: {id: 1}, credentials});
    assert.deepEqual(await ana.call.credentials(), credentials);
  });

  it('rejects a call with the error of its method', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    const error = await expectCall(ana.call.fail({with: 'error'}), {
      statusCode: 402,
      code: 'NO_MONEY',
      message: 'Not enough money',
      details: {missing: 3},
    });
    assert.match(error.stack ?? '', /Not enough money[^]*clients\.test/);
    const {value} = await expectCall(ana.call.fail({with: 'text'}), {statusCode: 500});
    assert.equal(value, 'a text');
    // @ts-expect-error The compiler refuses these args; the server does, too.
    await expectCall(ana.call.say({text: 17}), {code: 'VALIDATION_FAILED'});
  });

  it('gives the events of one name one by one', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    const said = [ana.next('said'), ana.next('said')];
    const texts = ['one', 'two'];
    await Promise.all(texts.map(text => ana.call.say({text})));
    assert.deepEqual(await Promise.all(said), texts);
  });

  it('says which events came instead of one that did not', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    await ana.call.say({text: 'Hello'}); // Compiles the schema of its args.
    const waiting = ana.next('waiting', {within: 50});
    await ana.call.say({text: 'Hello'});
    await assert.rejects(waiting, (error: Error) => {
      const message = 'No "waiting" arrived within 50 ms. Others came: "said".';
      assert.equal(error.message, message);
      assert.match(error.stack ?? '', /clients\.test/);
      return true;
    });
  });

  it('ends what waits when it is closed', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    const [said, gone] = [ana.next('said'), ana.next('disconnect')];
    const call = ana.call.say({text: 'Hello'});
    await ana.close();
    await expectCall(call, {statusCode: 499, code: 'CLOSED'});
    await assert.rejects(said, /No "said" arrived before the client was closed\./);
    assert.equal(await gone, 'io client disconnect');
    await expectCall(ana.call.say({text: 'Hello'}), {code: 'CLOSED'});
    await ana.close();
  });

  it('cancels a call by a signal', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const aborted = new Gate();
    app.application.bind('aborted').to(aborted.open);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    const aborter = new AbortController();
    const waiting = ana.next('waiting');
    const call = ana.call.wait(undefined, {signal: aborter.signal});
    await waiting;
    aborter.abort();
    await expectCall(call, {statusCode: 499, code: 'CALL_CANCELLED'});
    await aborted.opened;
    const {signal} = aborter;
    await expectCall(ana.call.wait(undefined, {signal}), {code: 'CALL_CANCELLED'});
  });

  it('limits the time of a call', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    const call = ana.call.wait(undefined, {timeout: 20});
    await expectCall(call, {statusCode: 504, code: 'CALL_TIMEOUT'});
  });

  it(
    'says that an answer is no Reply, and that a call was not answered',
    within,
    async t => {
      await using app = await givenSocketApp(ChatApplication);
      await using ana = await app.client({user: {id: 1}});
      const [socket] = SocketServer.get(app.application).io.sockets.values();
      socket.on('odd', (ack: (value: unknown) => void) => ack('text'));
      await expectCall(ana.call.odd(), {statusCode: 502, code: 'BAD_ANSWER'});
      const heard = once(socket, 'mute');
      t.mock.timers.enable({apis: ['setTimeout']});
      const call = ana.call.mute();
      await heard;
      t.mock.timers.tick(30_000);
      const message = 'mute took too long.';
      await expectCall(call, {statusCode: 504, code: 'CALL_TIMEOUT', message});
      t.mock.timers.reset();
    },
  );

  it('ends its calls when its authentication ends', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const user = {id: 1, [securityId]: '1'};
    await using ana = await app.client<ChatApi, ChatEvents>({user});
    const [waiting, gone] = [ana.next('waiting'), ana.next('disconnect')];
    const call = ana.call.wait();
    await waiting;
    SocketServer.get(app.application).disconnectUser('1');
    await expectCall(call, {statusCode: 401, code: 'AUTHENTICATION_REVOKED'});
    assert.equal(await gone, 'io client disconnect');
    assert.equal(ana.state, 'unauthorized');
    await expectCall(ana.call.whoAmI(), {code: 'AUTHENTICATION_REVOKED'});
  });

  it('calls again after the test has connected it again', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const user = {id: 1, [securityId]: '1'};
    await using ana = await app.client<ChatApi, ChatEvents>({user});
    const [gone, back] = [ana.next('disconnect'), ana.next('authenticated')];
    SocketServer.get(app.application).disconnectUser('1');
    await gone;
    await ana.connect();
    await back;
    assert.equal((await ana.call.whoAmI()).id, 1);
  });

  for (const transport of ['websocket', 'polling'] as const) {
    it(`works over ${transport}`, within, async () => {
      await using app = await givenSocketApp(ChatApplication);
      const io = {transports: [transport]};
      await using ana = await app.client<ChatApi>({user: {id: 1}, io});
      assert.equal(ana.socket.io.engine.transport.name, transport);
      assert.deepEqual(await ana.call.whoAmI(), {id: 1});
    });
  }

  for (const credentials of ['event', 'handshake', 'both'] as const) {
    it(
      `works where a server reads credentials from: ${credentials}`,
      within,
      async () => {
        await using app = await givenSocketApp(ChatApplication, {
          setup: one => {
            one.configure(SocketBindings.server()).to({credentials});
          },
        });
        await using ana = await app.client<ChatApi>({user: {id: 1}});
        assert.deepEqual(await ana.call.whoAmI(), {id: 1});
        const cid = {credentials: {token: 'token of Cid'}};
        await using other = await app.client<ChatApi>(cid);
        assert.deepEqual(await other.call.credentials(), cid.credentials);
      },
    );
  }

  it('reaches named servers, and namespaces of a pattern', within, async () => {
    await using app = await givenSocketApp(ChatApplication, {
      setup: one => {
        for (const [name, namespace] of [
          ['admin', '/admin'],
          ['rooms', /^\/room-\d$/],
        ] as const) {
          const server = SocketServer.get(one, name, {namespace});
          server.auth(() => false);
          server.defineMethod('where', socket => socket.nsp.name);
        }
      },
    });
    const user = {id: 1};
    await using admin = await app.client({user, server: 'admin'});
    assert.equal(await admin.call.where(), '/admin');
    const room = {server: 'rooms', namespace: '/room-1'};
    await using first = await app.client({user, ...room});
    assert.equal(await first.call.where(), '/room-1');
    await assert.rejects(app.client({user, server: 'rooms'}), {
      message: /Server "rooms" serves a pattern of namespaces\. Give one/,
    });
    const outside = app.client({user, server: 'rooms', namespace: '/other'});
    await assert.rejects(outside, /The client could not connect: Invalid namespace/);
    await assert.rejects(app.client({user, server: 'nope'}), {
      message: 'The application has no socket server "nope".',
    });
  });
});
