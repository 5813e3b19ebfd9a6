import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {socketEvent} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import {givenAuthenticated} from '../../helpers/client';
import {Text} from '../../helpers/document-controllers';

@socketEvent('said', {payload: Text})
@socketEvent('anything')
class SpeakingController {}

const given = () => givenApp({controllers: [AuthController, SpeakingController]});
const HELLO = {text: 'Hello', authorId: 1};

describe('server.publish', () => {
  it('emits a declared event to all, a room, a user or a socket', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url);
    const [socket] = app.server.io.sockets.values();
    await socket.join('lobby');
    for (const to of ['all' as const, {room: 'lobby'}, {room: ['lobby', 'x']}, socket]) {
      await app.server.publish(to, 'said', HELLO);
      assert.deepEqual(await client.next('said'), HELLO);
    }
    await app.server.publish({room: 'other'}, 'said', HELLO);
    await app.server.publish('all', 'anything', {of: 'any shape'});
    assert.deepEqual(await client.next('anything'), {of: 'any shape'});
    assert.equal(client.names.filter(name => name === 'said').length, 4);
  });

  it('checks what the client would receive: models, dates', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url);
    const at = new Date();
    await app.server.publish('all', 'said', Object.assign(new Text(), {...HELLO, at}));
    assert.deepEqual(await client.next('said'), {...HELLO, at: at.toISOString()});
  });

  it('refuses a payload that does not match, and sends nothing', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url);
    await assert.rejects(
      app.server.publish('all', 'said', {text: 17, authorId: 1}),
      (error: Error & {details?: any}) =>
        /^The payload of "said" does not match/.test(error.message) &&
        error.details[0].path === '/text',
    );
    await app.server.publish('all', 'anything');
    await client.next('anything');
    assert.ok(!client.names.includes('said'));
  });

  it('refuses an event that is not declared', async () => {
    await using app = await given();
    await assert.rejects(
      app.server.publish('all', 'typo', 1),
      /The event "typo" is not declared on this server/,
    );
  });
});
