import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenAuthenticated} from '../../helpers/client';
import {givenServer} from '../../helpers/server';
import {seconds} from '../../helpers/awaited';

describe('a listener to any event that removes itself', () => {
  for (const [title, add, remove] of [
    ['onAny', 'onAny', 'offAny'],
    ['onAnyOutgoing', 'onAnyOutgoing', 'offAnyOutgoing'],
  ] as const) {
    it(`skips no other: ${title}`, {timeout: seconds(10)}, async () => {
      const heard: string[] = [];
      await using given = await givenServer(server => {
        server.onConnected(socket => {
          for (const name of ['first', 'second', 'third']) {
            const listener = (event: string) => {
              if (event !== 'event') return;
              heard.push(name);
              socket[remove](listener);
            };
            socket[add](listener);
          }
        });
        server.defineMethod('event', socket => void socket.emit('event'));
      });
      await using client = await givenAuthenticated(given.server.url);
      await client.call('event');
      await client.call('event');
      assert.deepEqual(heard, ['first', 'second', 'third']);
    });
  }
});
