import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {promisify} from 'node:util';
import {CallError, expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi} from '../../helpers/chat-app';

const within = {timeout: 10_000};

describe('the test kit and the package of the client', () => {
  it('says how to install it, where it is missing', within, async () => {
    const file = join(__dirname, '../../fixtures/without-client-process.js');
    const {stdout} = await promisify(execFile)(process.execPath, [file]);
    assert.equal(
      stdout,
      'loopback4-socket/testing needs the package loopback4-socket-client, which is not installed. ' +
        'Run: npm install --save-dev loopback4-socket-client\n',
    );
  });

  it(
    'accept each other, also when a test imports the client as an ES module',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      const {SocketClient, CallError: Other} = await import('loopback4-socket-client');
      const client = new SocketClient<ChatApi>(app.url, {credentials: {token: 'wrong'}});
      const error = await expectCall(client.call.whoAmI(), {statusCode: 401});
      assert(error instanceof Other);
      assert.notEqual(Other, CallError);
      await client.close();
    },
  );

  it(
    'lets a client connect again, which is also one of the package',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      await using ana = await app.client<ChatApi>({user: {id: 1}});
      const states: string[] = [];
      ana.subscribe(() => states.push(ana.state));
      ana.disconnect();
      await expectCall(ana.call.whoAmI(), {statusCode: 503, code: 'DISCONNECTED'});
      await ana.connect();
      assert.deepEqual(await ana.call.whoAmI(), {id: 1});
      assert.deepEqual(states, [
        'disconnected',
        'connecting',
        'authenticating',
        'authenticated',
      ]);
    },
  );

  it('does not wait where no server is', within, async () => {
    const app = await givenSocketApp(ChatApplication);
    const caller = app.caller({user: {id: 1}, namespace: '/nowhere'});
    await expectCall(caller.whoAmI(), {
      statusCode: 503,
      message: 'The client could not connect: Invalid namespace.',
    });
    await expectCall(caller.whoAmI(), {message: /could not connect/});
    await app.stop();
    await expectCall(app.client({user: {id: 1}}), {
      statusCode: 503,
      code: 'DISCONNECTED',
      message: /^The client could not connect: /,
    });
  });
});
