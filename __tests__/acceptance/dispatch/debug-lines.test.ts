import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenAuthenticated} from '../../helpers/client';
import {givenDebugLines} from '../../helpers/debug-lines';
import {givenServer} from '../../helpers/server';

describe('DEBUG=loopback:socket:call', () => {
  it('prints in one line what a call without an ack would have been answered', async () => {
    using lines = givenDebugLines('loopback:socket:call');
    await using given = await givenServer(server => {
      server.defineMethod('pay', () => {
        throw Object.assign(new Error('No such order.'), {statusCode: 404});
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const id = client.socket.id;
    client.socket.emit('pay');
    const line = await lines.next();
    assert.match(line, /on server "SocketServer": "pay" failed/);
    assert.match(line, /"statusCode":404,"message":"No such order\."/);
    client.socket.emit('a\nforged line');
    assert.match(await lines.next(), /"a\\nforged line" failed/);
    assert.equal((await client.call('pay')).error.statusCode, 404);
    assert.ok(
      (await lines.next()).includes(
        `socket ${id} on server "SocketServer": "pay" is answered {"status":404}`,
      ),
    );
    assert.equal(lines.size, 0);
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });
});
