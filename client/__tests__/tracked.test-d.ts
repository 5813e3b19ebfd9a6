/**
 * The types of items with ids: clients get their values. Not among the types of front ends, where the server's package is
 * missing. The compiler checks them when the tests are built.
 */
import {tracked} from 'loopback4-socket';
import type {CallsOf, Serves, Tracked, Wire} from 'loopback4-socket';
import type {Equal, Expect} from './types/equal.js';

interface FeedApi {
  feed(args: {room: string}): AsyncIterable<{at: string}>;
}

export class FeedController implements Serves<FeedApi> {
  async *feed(_socket: unknown, _credentials: unknown, args: {room: string}) {
    yield {at: new Date(), room: args.room};
    yield tracked('1', {at: new Date()});
  }
}

export class WrongItem implements Serves<FeedApi> {
  // @ts-expect-error a number is no date
  async *feed() {
    yield tracked('1', {at: 5});
  }
}

class PlacedController {
  async *placed(_socket: unknown, _credentials: unknown, args: {limit: number}) {
    for (let id = 0; id < args.limit; id++) yield tracked(`${id}`, {id, at: new Date()});
  }
}

export type TrackedShapes = Expect<
  [
    Equal<
      ReturnType<CallsOf<PlacedController, 'placed'>['placed']>,
      AsyncIterable<{id: number; at: string}>
    >,
    Equal<Wire<Tracked<Date>>, string>,
    Equal<Wire<Tracked<{at: Date}> | number>, {at: string} | number>,
    // An item of the application that looks alike.
    Equal<Wire<{id: string; value: Date}>, {id: string; value: string}>,
  ]
>;
