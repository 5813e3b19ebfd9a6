import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {givenDebugLines} from '../../helpers/debug-lines';
import {givenServer} from '../../helpers/server';

describe('DEBUG=loopback:socket:authentication', () => {
  it('prints how each socket authenticates, and nothing secret', async () => {
    using lines = givenDebugLines('loopback:socket:authentication');
    await using given = await givenServer(server => {
      server.auth((_socket, {token}: {token: string}) => {
        if (token === 'outage-secret') throw {statusCode: 503};
        return token === 'good-secret' && {name: 'user-secret'};
      });
    });
    const {url} = given.server;
    const expectLine = async (id: string | undefined, step: string) => {
      const line = await lines.next();
      assert.ok(
        line.endsWith(`socket ${id} on server "SocketServer" ${step}`),
        `${line} is not: ${step}`,
      );
      assert.doesNotMatch(line, /secret/);
    };

    await using client = await givenAuthenticated(url, {token: 'good-secret'});
    await expectLine(client.socket.id, 'authenticates');
    await expectLine(client.socket.id, 'is authenticated');
    await client.call('authentication', {token: 'good-secret'});
    await expectLine(client.socket.id, 'authenticates');
    await expectLine(client.socket.id, 'has renewed its authentication');

    await using refused = givenClient(url);
    await refused.next('connect');
    const {id} = refused.socket;
    await refused.call('authentication', {token: 'bad-secret'});
    await expectLine(id, 'authenticates');
    await expectLine(id, 'is refused: 401 "AUTHENTICATION_FAILED"');

    await using unlucky = givenClient(url, {reconnection: false});
    await unlucky.next('connect');
    const unluckyId = unlucky.socket.id;
    unlucky.socket.emit('authentication', {token: 'outage-secret'});
    await unlucky.next('disconnect');
    await expectLine(unluckyId, 'authenticates');
    await expectLine(unluckyId, 'has to reconnect: 503 "AUTHENTICATION_UNAVAILABLE"');
    assert.equal(lines.size, 0);
  });
});
