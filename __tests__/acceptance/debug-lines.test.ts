import debugFactory from 'debug';
import assert from 'node:assert/strict';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {format, stripVTControlCharacters} from 'node:util';
import {givenAuthenticated} from '../helpers/client';
import {Queue} from '../helpers/queue';
import {givenServer} from '../helpers/server';

describe('DEBUG=loopback:socket:call', {timeout: 20_000}, () => {
  const print = debugFactory.log;
  let lines: Queue<string>;

  beforeEach(() => {
    lines = new Queue();
    debugFactory.log = (...args: unknown[]) => {
      lines.push(stripVTControlCharacters(format(...args)));
    };
    debugFactory.enable('loopback:socket:*');
  });

  afterEach(() => {
    debugFactory.disable();
    debugFactory.log = print;
  });

  it('prints in one line what a call without an ack would have been answered', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('pay', () => {
        throw Object.assign(new Error('No such order.'), {statusCode: 404});
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    client.socket.emit('pay');
    const line = await lines.next();
    assert.match(line, /call of "pay" on server "SocketServer" failed/);
    assert.match(line, /"statusCode":404,"message":"No such order\."/);
    client.socket.emit('a\nforged line');
    assert.match(await lines.next(), /call of "a\\nforged line" on server/);
    assert.equal((await client.call('pay')).error.statusCode, 404);
    assert.equal(lines.size, 0);
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });
});
