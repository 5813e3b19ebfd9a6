import {get} from '@loopback/rest';
import type {RestServer} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {socketMethod} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {until} from '../helpers/awaited';
import {givenAuthenticated} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {givenServer} from '../helpers/server';
import {streamRemainsOf} from '../helpers/stream-remains';
import {givenStreams, Ticker} from '../helpers/streams';

/** Counts what happens in one turn of the event loop. */
class Turns {
  most = 0;
  private inTurn = 0;

  count(): void {
    if (this.inTurn === 0) setImmediate(() => (this.inTurn = 0));
    this.most = Math.max(this.most, ++this.inTurn);
  }
}

describe('a stream', () => {
  it('that is always ready leaves turns of the event loop to others over REST', async () => {
    const turns = new Turns();
    const text = 'x'.repeat(200);
    class ReadyController {
      @get('/ready')
      @socketMethod()
      async *ready() {
        for (let count = 0; count < 50_000; count++) {
          turns.count();
          yield text;
        }
      }
    }
    await using given = await givenServer(
      undefined,
      {},
      {
        controllers: [ReadyController],
      },
    );
    const rest = await given.app.getServer<RestServer>('RestServer');
    const response = await fetch(`${rest.url}/ready`);
    assert.equal((await response.text()).length, 50_000 * (text.length + 3));
    assert.ok(turns.most <= 1024, `${turns.most} items in one turn`);
  });

  it('whose iterator ends with a promise does not end the process', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('ends', () => {
        const value = Promise.reject(new Error('The return value fails.'));
        const next = () => Promise.resolve({done: true, value} as const);
        return {[Symbol.asyncIterator]: () => ({next})};
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const {stream} = await client.open('ends');
    const {result} = await client.call('$next', {stream, got: 0});
    assert.deepEqual(result, {at: 0, items: [], done: true});
    const errors = given.logged.map(([error]) => (error as Error).message);
    assert.deepEqual(errors, ['The return value fails.']);
  });

  it('that is made after its server has stopped ends at once', async () => {
    const [begun, gate] = [new Gate(), new Gate()];
    let ended = false;
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('slow', async () => {
          begun.open();
          await gate.opened;
          return {
            [Symbol.asyncIterator]: () => ({
              next: () => Promise.resolve({done: false, value: 1}),
              return: () => {
                ended = true;
                return Promise.resolve({done: true, value: undefined});
              },
            }),
          };
        });
      },
      {},
      {component: {drainTimeout: 0}},
    );
    await using client = await givenAuthenticated(given.server.url);
    client.socket.emit('slow', null, {$call: {id: '1'}}, () => undefined);
    await begun.opened;
    await given.app.stop();
    gate.open();
    await until(() => ended);
    assert.equal(streamRemainsOf(given.server).streams, 0);
  });

  it('is not taken over by a socket with too many open streams', async () => {
    const ticker = new Ticker();
    await using given = await givenStreams(ticker, {maxStreams: 2});
    await using first = await givenAuthenticated(given.server.url, {id: '1'});
    await using second = await givenAuthenticated(given.server.url, {id: '1'});
    const open = (id: string) => first.open('ticks', null, {$call: {id}});
    const streams = [await open('a'), await open('b')].map(({stream}) => stream);
    const read = (stream: string) => second.call('$next', {stream, got: 0, wait: 1});
    for (const stream of streams) assert.ok((await read(stream)).result);
    const {stream} = await open('c');
    assert.equal((await read(stream)).error.code, 'TOO_MANY_REQUESTS');
    await second.call('$stop', {stream: streams[0]});
    await ticker.ended.next();
    assert.ok((await read(stream)).result);
  });

  it('of tiny items is kept within the bytes of its user, too', async () => {
    await using given = await givenServer(server => {
      server.auth(() => ({[securityId]: '1'}));
      server.defineMethod('tiny', async function* () {
        for (;;) yield 1;
      });
    });
    await using client = await givenAuthenticated(given.server.url);
    const reads = [];
    for (let at = 0; at < 8; at++) {
      const {stream} = await client.open('tiny', null, {$call: {id: `${at}`}});
      const body = {stream, got: 0, max: 256, wait: 200};
      for (let count = 0; count < 16; count++) reads.push(client.call('$next', body));
    }
    const sum = (await Promise.all(reads)).flatMap(({result}) => result.items).length;
    // 1 MiB, and an answer of each stream.
    assert.ok(sum > 5_000 && sum < 16_000, `${sum} items`);
  });
});
