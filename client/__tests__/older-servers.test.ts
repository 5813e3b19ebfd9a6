import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenIo} from '../../__tests__/helpers/io';
import {givenClient} from './helpers/client';
import {allOf} from './helpers/counting';

it('a server that knows no streams and uploads is too old for them', async () => {
  await using given = await givenIo();
  given.io.on('connection', socket => {
    socket.on('authentication', (_credentials, ack) => {
      ack({result: true});
      socket.emit('authenticated', true);
    });
    // Another process of a newer server has opened it.
    socket.on('ticks', (_args, ack) => ack({stream: 'a'}));
    socket.on('photo', () => undefined);
    for (const name of ['$next', '$send']) {
      socket.on(name, (_body, ack) => {
        const error = {
          statusCode: 404,
          code: 'METHOD_NOT_FOUND',
          message: 'No such method.',
        };
        ack({error});
      });
    }
  });
  await using one = givenClient(given.url);
  const outcomes = {
    streams: () => allOf(one.client.call.ticks({})),
    uploads: () => one.client.call.photo({}, {upload: ['a']}),
  };
  for (const [feature, outcome] of Object.entries(outcomes)) {
    const error: unknown = await outcome().catch((caught: unknown) => caught);
    assert.ok(error instanceof CallError);
    assert.equal(error.message, `The server is too old for ${feature}.`);
    assert.deepEqual([error.statusCode, error.code], [404, 'METHOD_NOT_FOUND']);
  }
});
