import assert from 'node:assert/strict';
import type {Socket as NetSocket} from 'node:net';
import {describe, it} from 'node:test';
import {WebSocket} from 'ws';
import {webSocketOf} from '../../../dist/engine/engine-internals';
import {once} from '../../helpers/awaited';
import {givenServer} from '../../helpers/server';

const PINGS = 1000;
/** The most of them that may wait. */
const PONGS = 17;

describe('PINGs of a websocket', () => {
  for (const coalesceWrites of [true, false]) {
    it(`get few PONGs while the client reads none, and the last one in the end, coalesced: ${coalesceWrites}`, async () => {
      await using given = await givenServer(undefined, {}, {component: {coalesceWrites}});
      const url = new URL('/socket.io/?EIO=4&transport=websocket', given.server.url);
      const client = new WebSocket(url);
      await once(client, 'message');
      client.send('40');
      await once(client, 'message');
      const [socket] = given.server.io.sockets.values();
      const served = webSocketOf(socket.conn)!;
      const {_socket: stream} = served as unknown as {_socket: NetSocket};
      const pongs: string[] = [];
      client.on('pong', data => pongs.push(data.toString()));
      // As for a client that does not read.
      stream.cork();
      let pings = 0;
      const all = new Promise<void>(resolve =>
        served.on('ping', () => ++pings === PINGS && resolve()),
      );
      for (let at = 1; at <= PINGS; at++) client.ping(String(at));
      await all;
      assert.ok(served.bufferedAmount <= PONGS * 10, String(served.bufferedAmount));
      stream.uncork();
      while (pongs.at(-1) !== String(PINGS)) await once(client, 'pong');
      assert.equal(pongs.length, PONGS);
      client.ping('more');
      const [data] = (await once(client, 'pong')) as [Buffer];
      assert.equal(data.toString(), 'more');
      client.terminate();
    });
  }
});
