import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {ErrorCodes, SocketBindings, socketAuth, socketMethod} from 'loopback4-socket';
import {authenticateByToken, givenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';

describe('authentication', () => {
  it('answers `authenticated: true` and an ack of {result: true}', async () => {
    await using given = await givenApp({
      setup: app => {
        void app;
      },
      start: false,
    });
    given.server.auth(authenticateByToken);
    await given.app.start();
    await using client = givenClient(given.server.url);
    const reply = await client.call('authentication', {token: 'ok'});
    assert.deepEqual(reply, {result: true});
    assert.equal(await client.next('authenticated'), true);
  });
});
void givenAuthenticated;
void ErrorCodes;
void SocketBindings;
void socketAuth;
void socketMethod;
