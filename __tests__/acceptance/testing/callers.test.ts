import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi, ChatEvents} from '../../helpers/chat-app';

const within = {timeout: 10_000};

describe('a caller of the test kit', () => {
  it('calls methods as a user', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const ana = app.caller<ChatApi>({user: {id: 1}});
    const ben = app.caller<ChatApi>({user: {id: 2}});
    assert.deepEqual(await ana.whoAmI(), {id: 1});
    assert.deepEqual(await ben.whoAmI(), {id: 2});
    assert.deepEqual(await ana.whoAmI(), {id: 1});
    assert.equal(SocketServer.get(app.application).io.sockets.size, 2);
  });

  it(
    'is dispatched as any client: args are checked, errors have the same body',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      const ana = app.caller<ChatApi>({user: {id: 1}});
      // @ts-expect-error The compiler refuses these args; the server does, too.
      const error = await expectCall(ana.say({text: 17}), {code: 'VALIDATION_FAILED'});
      assert.equal(error.statusCode, 422);
      const refused = app.caller<ChatApi>({credentials: {token: 'wrong'}});
      await expectCall(refused.whoAmI(), {statusCode: 401});
      const cid = app.caller<ChatApi>({credentials: {token: 'token of Cid'}});
      assert.equal((await cid.whoAmI()).id, 3);
    },
  );

  it('has a socket that joins rooms and emits to others', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ben = await app.client<ChatApi, ChatEvents>({user: {id: 2}});
    await ben.call.join({room: 'a'});
    const said = ben.next('said');
    const ana = app.caller<ChatApi>({user: {id: 1}});
    assert.deepEqual(await ana.join({room: 'a'}), ['a']);
    assert.equal(await said, 'joined');
    const {adapter} = SocketServer.get(app.application).io;
    assert.equal((await adapter.sockets(new Set(['a']))).size, 2);
  });

  it('needs no network', within, async () => {
    await using app = await givenSocketApp(ChatApplication, {
      options: {rest: {listenOnStart: false}},
    });
    assert.throws(() => app.url, /does not listen/);
    await assert.rejects(app.client({user: {id: 1}}), /does not listen/);
    assert.deepEqual(await app.caller<ChatApi>({user: {id: 1}}).whoAmI(), {id: 1});
  });

  it('holds for limits of addresses and for other socket.io paths', within, async () => {
    await using app = await givenSocketApp(ChatApplication, {
      setup: one => {
        const options = {io: {path: '/live'}, maxConnectionsPerAddress: 1};
        one.configure(SocketBindings.COMPONENT).to(options);
      },
    });
    assert.deepEqual(await app.caller<ChatApi>({user: {id: 1}}).whoAmI(), {id: 1});
    const second = app.caller<ChatApi>({user: {id: 2}});
    await assert.rejects(second.whoAmI(), /could not connect/);
  });

  it('sends much, and receives much', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const ana = app.caller<ChatApi>({user: {id: 1}, credentials: 'x'.repeat(20_000)});
    assert.equal(((await ana.credentials()) as string).length, 20_000);
  });

  it(
    'is no promise, and has no other names that JavaScript looks up',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      const ana = app.caller({user: {id: 1}});
      assert.equal(await Promise.resolve(ana), ana);
      assert.equal(ana.then, undefined);
      assert.equal(JSON.stringify(ana), '{}');
      assert.equal(ana.whoAmI, ana.whoAmI);
    },
  );
});
