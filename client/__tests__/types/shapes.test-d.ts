/** The types of calls and values, each compared as a whole. The compiler checks them when the tests are built. */
import type {CallsOf, SocketClient, Wire} from 'loopback4-socket-client';
import type {Order, OrdersController} from './controllers.js';
import type {Equal, Expect} from './equal.js';

interface OrderOnTheWire {
  id: number;
  placed: string;
  parent?: OrderOnTheWire;
  note?: string;
  details?: Record<string, unknown>;
  readonly label: string;
}

type Api = CallsOf<
  OrdersController,
  'find' | 'count' | 'page' | 'search' | 'matching' | 'photo',
  {close: 'closeOrder'}
>;
type Inferred = SocketClient<Api>['call'];

export type InferredShapes = Expect<
  [
    Equal<
      keyof Inferred,
      'find' | 'count' | 'page' | 'search' | 'matching' | 'photo' | 'close'
    >,
    Equal<Parameters<Api['find']>, [args: {limit: number; since?: string}]>,
    Equal<Parameters<Api['count']>, []>,
    Equal<Parameters<Api['page']>, [args?: {limit?: number}]>,
    Equal<Parameters<Inferred['find']>[0], {limit: number; since?: string}>,
    Equal<Parameters<Inferred['search']>[0], {text: string}>,
    Equal<Awaited<ReturnType<Inferred['count']>>, number>,
    Equal<Awaited<ReturnType<Inferred['search']>>, {text: string; mine: boolean}>,
    Equal<Awaited<ReturnType<Inferred['close']>>, boolean>,
    Equal<keyof Wire<Order>, keyof OrderOnTheWire>,
    Equal<Wire<Order>['placed'], string>,
    Equal<NonNullable<Wire<Order>['parent']>['placed'], string>,
  ]
>;

/** Types of LoopBack's and Node's are not found in a front end, which spoils no other type. */
export async function unfound({call}: SocketClient<Api>) {
  const [first] = await call.find({limit: 3});
  const order: OrderOnTheWire = first;
  const count: number = (await call.matching({id: 7}, {timeout: 500})).count;
  const photo: ArrayBuffer | Uint8Array = await call.photo({of: 3});
  // @ts-expect-error no such property
  String(first.total);
  // @ts-expect-error a model's methods do not travel
  first.isOld();
  // @ts-expect-error injected parameters are not sent
  await call.search({text: 'a'}, {name: 'Ana'});
  return [order, count, photo];
}

// @ts-expect-error no such method of the controller
export type Unknown = CallsOf<OrdersController, 'found'>;

interface Unusual {
  anything(args: {of: number}): any;
  never(): never;
  something(): unknown;
  later(): Promise<string>;
  maybe(): string | undefined;
}
type Unusuals = SocketClient<Unusual>['call'];

export type UnusualShapes = Expect<
  [
    Equal<ReturnType<Unusuals['anything']>, Promise<any> & AsyncIterable<any>>,
    Equal<ReturnType<Unusuals['never']>, Promise<never>>,
    Equal<ReturnType<Unusuals['something']>, Promise<unknown>>,
    Equal<ReturnType<Unusuals['later']>, Promise<string>>,
    Equal<ReturnType<Unusuals['maybe']>, Promise<string | undefined>>,
  ]
>;

interface Model {
  id: bigint;
  born: Date;
  tags?: string[];
  data: Uint8Array;
  nested: {at: Date | null}[];
  pair: [Date, number];
  payload: unknown;
  loose: any;
  money: {toJSON(): string};
  state: {open: true; closed?: undefined} | {closed: true; open?: undefined};
  save(): void;
  load?(): void;
  [Symbol.iterator](): Iterator<string>;
}

export type Wires = Expect<
  [
    Equal<Wire<Date>, string>,
    Equal<Wire<Model>['born'], string>,
    Equal<Wire<Model>['tags'], string[] | undefined>,
    Equal<Wire<Model>['nested'], {at: string | null}[]>,
    Equal<Wire<Model>['pair'], [string, number]>,
    Equal<Wire<Model>['data'], ArrayBuffer | Uint8Array>,
    Equal<Wire<Model>['payload'], unknown>,
    Equal<Wire<Model>['loose'], any>,
    Equal<Wire<Model>['money'], string>,
    Equal<Wire<Model>['id'], never>,
    Equal<Wire<Model>['state'], Model['state']>,
    Equal<
      keyof Wire<Model>,
      Exclude<keyof Model, 'save' | 'load' | typeof Symbol.iterator>
    >,
    Equal<Wire<any>, any>,
    Equal<Wire<'a' | 'b'>, 'a' | 'b'>,
  ]
>;
