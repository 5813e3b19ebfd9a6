import {securityId} from '@loopback/security';
import {MAX_READS} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {ReadableStream} from 'node:stream/web';
import {describe, it} from 'node:test';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {LiveObjects} from '../../helpers/remains';
import {givenServer} from '../../helpers/server';
import {streamRemainsOf} from '../../helpers/stream-remains';

const WINDOW = {time: 60_000, calls: 100};

async function open(client: TestClient, name: string, ...args: unknown[]) {
  const {stream} = (await client.call(name, ...args)) as {stream?: string};
  assert.ok(stream);
  return stream;
}

describe('streams that have ended', () => {
  it('answer the reads that wait, also after many other streams of the socket', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('first', async function* () {
        yield 'one';
        await gate.opened;
        yield 'two';
      });
      server.defineMethod('other', async function* () {
        yield 'other';
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const stream = await open(client, 'first');
    await client.call('$next', {stream, got: 0});
    const waiting = client.call('$next', {stream, got: 1});
    for (let count = 0; count < 40; count++) {
      const other = await open(client, 'other');
      const {result} = await client.call('$next', {stream: other, got: 0});
      assert.deepEqual(result, {at: 0, items: ['other'], done: true});
    }
    gate.open();
    const {result} = await waiting;
    assert.deepEqual(result, {at: 1, items: ['two'], done: true});
  });

  it('answer the reads that wait when too many others have ended', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('first', async function* () {
        await gate.opened;
        yield* [];
      });
      server.defineMethod('other', async function* () {
        yield* [];
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const stream = await open(client, 'first');
    const waiting = client.call('$next', {stream, got: 0});
    for (let count = 0; count < 256; count++) await open(client, 'other');
    gate.open();
    assert.deepEqual((await waiting).result, {at: 0, items: [], done: true});
  });

  it('answer the reads that wait with 410 when they make room for others', async () => {
    await using given = await givenServer(server => {
      server.auth(() => ({[securityId]: '1'}));
      server.defineMethod('first', async function* () {
        for (let at = 0; at <= MAX_READS; at++) yield at;
      });
      server.defineMethod('other', async function* () {
        yield* [];
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const stream = await open(client, 'first', null, {$call: {id: '1'}});
    const read = () => client.call('$next', {stream, got: 0, max: 1});
    for (let reads = 1; reads < MAX_READS; reads++) await read();
    // The last answer that need not be acknowledged, and two that wait.
    const [last, ...waiting] = [read(), read(), read()];
    assert.deepEqual((await last).result.items, [MAX_READS - 1]);
    for (let count = 0; count < 256; count++) await open(client, 'other');
    for (const one of waiting) assert.equal((await one).error.code, 'STREAM_GONE');
  });

  it('do not begin for a user who was disconnected while the method ran', async () => {
    const gate = new Gate();
    const ended = new Gate();
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('late', async () => {
          await gate.opened;
          return new ReadableStream({cancel: () => ended.open()});
        });
      },
      {retryWindow: WINDOW},
    );
    const {url} = given.server;
    const call = ['late', null, {$call: {id: '1'}}] as const;
    await using first = await givenAuthenticated(url);
    const refused = first.call(...call);
    await first.call('pong');
    given.server.disconnectUser('1');
    assert.equal((await refused).error.code, 'AUTHENTICATION_REVOKED');
    gate.open();
    await ended.opened;
    await using second = await givenAuthenticated(url);
    assert.equal((await second.call(...call)).error.code, 'AUTHENTICATION_REVOKED');
  });

  it('are not kept for their user by the calls that have an id', async () => {
    const live = new LiveObjects();
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('items', () => {
          const items = (async function* () {
            yield* [1, 2];
          })();
          live.track(items);
          return items;
        });
      },
      {retryWindow: WINDOW},
    );
    await using client = await givenAuthenticated(given.server.url);
    for (const id of ['a', 'b', 'c']) {
      const stream = await open(client, 'items', null, {$call: {id}});
      await client.call('$next', {stream, got: 0});
      assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    }
    assert.equal(live.size, 3);
    await live.gone();
  });

  it('are not kept for the next connection when the user was disconnected', async () => {
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('endless', async function* () {
          for (;;) yield 1;
        });
      },
      {retryWindow: WINDOW},
    );
    await using client = await givenAuthenticated(given.server.url, undefined, {
      reconnection: false,
    });
    await open(client, 'endless', null, {$call: {id: 'a'}});
    given.server.disconnectUser('1');
    await client.next('disconnect');
    const {streams, sockets, users} = streamRemainsOf(given.server);
    assert.deepEqual({streams, sockets, users}, {streams: 0, sockets: 0, users: 0});
  });
});
