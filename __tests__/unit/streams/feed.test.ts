import {feed} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {EventEmitter, getEventListeners} from 'node:events';
import {describe, it} from 'node:test';

interface Tick {
  price: number;
}

class Exchange extends EventEmitter<{tick: [Tick, symbol?: string]; failed: [Error]}> {
  ticks(...prices: number[]): void {
    for (const price of prices) this.emit('tick', {price}, 'A');
  }

  get listening(): number {
    return this.listenerCount('tick') + this.listenerCount('failed');
  }
}

const prices = (ticks: Iterable<Tick>) => Array.from(ticks, ({price}) => price);

describe('feed', () => {
  it('keeps events from the moment it is made', async () => {
    const exchange = new Exchange();
    const ticks = feed<Tick>(exchange, 'tick');
    exchange.ticks(1, 2);
    assert.deepEqual(await ticks.next(), {done: false, value: {price: 1}});
    assert.deepEqual(await ticks.next(), {done: false, value: {price: 2}});
  });

  it('gives events to reads that wait, in their order', async () => {
    const exchange = new Exchange();
    const ticks = feed<Tick>(exchange, 'tick');
    const reads = [ticks.next(), ticks.next()];
    exchange.ticks(1, 2, 3);
    assert.deepEqual(prices((await Promise.all(reads)).map(({value}) => value)), [1, 2]);
    assert.equal((await ticks.next()).value.price, 3);
  });

  it('drops the oldest for a slow reader, and counts them', async () => {
    const exchange = new Exchange();
    const ticks = feed<Tick>(exchange, 'tick', {keep: 2});
    exchange.ticks(1, 2, 3, 4, 5);
    assert.equal(ticks.dropped, 3);
    assert.equal((await ticks.next()).value.price, 4);
    assert.equal((await ticks.next()).value.price, 5);
  });

  it('keeps 64 events by default', () => {
    const exchange = new Exchange();
    const ticks = feed(exchange, 'tick');
    exchange.ticks(...Array.from({length: 64}, (_, at) => at));
    assert.equal(ticks.dropped, 0);
    exchange.ticks(64);
    assert.equal(ticks.dropped, 1);
  });

  it('stops listening when its reader leaves the loop', async () => {
    const exchange = new Exchange();
    const {signal} = new AbortController();
    const ticks = feed<Tick>(exchange, 'tick', {signal, errorEvent: 'failed'});
    assert.equal(exchange.listening, 2);
    exchange.ticks(1, 2);
    for await (const {price} of ticks) {
      assert.equal(price, 1);
      break;
    }
    assert.equal(exchange.listening, 0);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.deepEqual(await ticks.next(), {done: true, value: undefined});
  });

  it('ends the reads that wait when it is returned', async () => {
    const ticks = feed(new Exchange(), 'tick');
    const read = ticks.next();
    await ticks.return();
    assert.deepEqual(await read, {done: true, value: undefined});
  });

  it('ends, read or not, when the signal is aborted', async () => {
    const exchange = new Exchange();
    const controller = new AbortController();
    const {signal} = controller;
    const [unread, read] = [
      feed<Tick>(exchange, 'tick', {signal}),
      feed(exchange, 'tick', {signal}),
    ];
    const reading = read.next();
    exchange.ticks(1, 2);
    assert.equal((await reading).done, false);
    controller.abort();
    assert.equal(exchange.listening, 0);
    assert.equal((await unread.next()).done, true);
    assert.equal((await read.next()).done, true);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('never listens when the signal is aborted already', async () => {
    const exchange = new Exchange();
    const ticks = feed(exchange, 'tick', {signal: AbortSignal.abort()});
    assert.equal(exchange.listening, 0);
    assert.equal((await ticks.next()).done, true);
  });

  it('makes items with map, which leaves events out', async () => {
    const exchange = new Exchange();
    const map = ({price}: Tick, symbol?: string) =>
      price > 1 ? `${symbol} ${price}` : undefined;
    const texts = feed(exchange, 'tick', {map});
    exchange.ticks(1, 2);
    assert.equal((await texts.next()).value, 'A 2');
  });

  it('gives what map throws to its reader, not to the emitter', async () => {
    const exchange = new Exchange();
    const ticks = feed(exchange, 'tick', {
      map: () => {
        throw new Error('wrong tick');
      },
    });
    exchange.ticks(1);
    await assert.rejects(ticks.next(), /wrong tick/);
    assert.equal(exchange.listening, 0);
    assert.equal((await ticks.next()).done, true);
  });

  it('gives the events that wait, and then the error of errorEvent', async () => {
    const exchange = new Exchange();
    const ticks = feed<Tick>(exchange, 'tick', {errorEvent: 'failed'});
    exchange.ticks(1);
    exchange.emit('failed', new Error('closed'));
    exchange.emit('failed', new Error('closed again'));
    exchange.ticks(2);
    assert.equal((await ticks.next()).value.price, 1);
    await assert.rejects(ticks.next(), /^Error: closed$/);
    assert.equal((await ticks.next()).done, true);
    assert.equal(exchange.listening, 0);
  });

  it('rejects a read that waits for the error', async () => {
    const exchange = new Exchange();
    const ticks = feed(exchange, 'tick', {errorEvent: 'failed'});
    const [first, second] = [ticks.next(), ticks.next()];
    exchange.emit('failed', new Error('closed'));
    await assert.rejects(first, /closed/);
    assert.equal((await second).done, true);
  });

  it('leaves an error to the emitter when it is not asked', () => {
    const emitter = new EventEmitter();
    feed(emitter, 'tick');
    assert.throws(() => emitter.emit('error', new Error('closed')), /closed/);
  });

  it('gives an item for an event without a value', async () => {
    const emitter = new EventEmitter();
    const beats = feed(emitter, 'beat');
    emitter.emit('beat');
    assert.deepEqual(await beats.next(), {done: false, value: undefined});
  });

  it('reads an EventTarget', async () => {
    const target = new EventTarget();
    const changes = feed(target, 'change', {map: event => event.type});
    target.dispatchEvent(new Event('change'));
    assert.equal((await changes.next()).value, 'change');
    await changes.return();
    assert.equal(getEventListeners(target, 'change').length, 0);
  });

  const wrong: [make: () => unknown, message: RegExp][] = [
    [
      () => feed(new Exchange(), 'tick', {keep: 0}),
      /keep must be a whole number above 0/,
    ],
    [() => feed(new Exchange(), 'tick', {keep: Infinity}), /It is Infinity/],
    [() => feed({} as EventTarget, 'tick'), /give it an EventEmitter/],
  ];
  for (const [make, message] of wrong) {
    it(`refuses what is wrong: ${String(message)}`, () => {
      assert.throws(make, {name: 'TypeError', message});
    });
  }
});
