import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi, ChatEvents} from '../../helpers/chat-app';

const within = {timeout: 10_000};

describe('a client of the test kit', within, () => {
  it('is authenticated as a given user, without a token', async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1, name: 'Ana'}});
    assert.deepEqual(await ana.call.whoAmI(), {id: 1, name: 'Ana'});
    assert.equal(await ana.call.credentials(), undefined);
  });

  it('gets pushed events, also those of connected handlers', async () => {
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

  it('authenticates with credentials, as any client does', async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using cid = await app.client<ChatApi>({credentials: {token: 'token of Cid'}});
    assert.equal((await cid.call.whoAmI()).name, 'Cid');
    const refused = app.client({credentials: {token: 'wrong'}});
    await expectCall(refused, {statusCode: 401, code: 'AUTHENTICATION_FAILED'});
    await expectCall(app.client(), {statusCode: 401});
  });

  it('has credentials beside its user, which methods see', async () => {
    await using app = await givenSocketApp(ChatApplication);
    const credentials = {tenant: 'a'};
    await using ana = await app.client<ChatApi>({user: {id: 1}, credentials});
    assert.deepEqual(await ana.call.credentials(), credentials);
  });
});
