/** The types of sources of streams. The compiler checks them when the tests are built. */
import {feed, tracked, withCall} from 'loopback4-socket';
import type {Feed, SocketCall, SocketServer, Tracked} from 'loopback4-socket';
import {EventEmitter} from 'node:events';

interface Tick {
  price: number;
}

const exchange = new EventEmitter<{tick: [Tick, symbol: string]; end: []}>();

/** The items are the first values, or what `map` makes of all of them. */
export const ticks: Feed<Tick> = feed(exchange, 'tick', {keep: 3});
export const texts: Feed<string> = feed(exchange, 'tick', {
  map: ({price}, symbol) => (price > 0 ? symbol : undefined),
});
export const events: Feed<Event> = feed(new EventTarget(), 'change');

/** An emitter whose events have no types. */
export const named: Feed<Tick> = feed<Tick>(new EventEmitter(), 'tick');
export const mapped: Feed<number> = feed(new EventEmitter(), 'tick', {
  map: (tick: Tick) => tick.price,
});

export const item: Tracked<Tick> = tracked('1', {price: 1});
// @ts-expect-error the id is a string
tracked(1, {price: 1});
// @ts-expect-error another value
export const other: Tracked<string> = tracked('1', {price: 1});

/** Handlers by hand that receive their call. */
export function byHand(server: SocketServer): void {
  server.defineMethod(
    'news',
    withCall(
      async function* ({args, after, signal}: SocketCall<{topic: string}>) {
        yield* await Promise.resolve([args.topic.length, after?.length, signal.aborted]);
      },
      {after: true},
    ),
  );
  server.defineMethod(
    'whoAmI',
    withCall(({user}) => user),
  );
  server.auth(withCall(({credentials}: SocketCall) => credentials.token === 'ok'));
  // @ts-expect-error args have a type
  withCall(({args}: SocketCall<{topic: string}>) => args.topics);
  // @ts-expect-error an unknown option
  withCall(() => 1, {afters: true});
}
