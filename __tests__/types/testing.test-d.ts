/** Code that must compile, and code that must not, for `loopback4-socket/testing`. */
import type {ApplicationConfig} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {expectApi, expectCall, givenSocketApp} from 'loopback4-socket/testing';
import type {
  CallError,
  GivenSocketApp,
  TestCalls,
  TestClient,
} from 'loopback4-socket/testing';

interface Api {
  say(args: {text: string}): {delivered: boolean};
  count(): number;
  page(args?: {limit?: number}): Promise<string[]>;
  any(args: {x: 1}): any;
  never(): never;
  ticks(args: {symbol: string}): AsyncIterable<number>;
}

interface Events {
  said(text: string): void;
  moved(from: number, to: number): void;
  confirm(question: string): boolean;
}

class MyApp extends RestApplication {
  readonly mine = true;

  constructor(options: ApplicationConfig = {}) {
    super(options);
  }
}

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- how types are compared */
type Equal<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2
    ? true
    : false;

function same<_Equality extends true>(): void {}
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

export async function applications(): Promise<void> {
  await using app = await givenSocketApp(MyApp, {
    bind: {'users.find': () => undefined},
    options: {rest: {port: 3000}},
    setup: one => {
      same<Equal<typeof one, MyApp>>();
    },
  });
  same<Equal<typeof app.application.mine, true>>();
  const any: GivenSocketApp = app;
  await any.stop();
  // @ts-expect-error it is no application
  await givenSocketApp(Map);
  // @ts-expect-error there is no such option
  await givenSocketApp(MyApp, {port: 3000});
}

export async function clients(app: GivenSocketApp): Promise<void> {
  await using ana: TestClient<Api, Events> = await app.client<Api, Events>({
    user: {id: 1},
    credentials: {token: 'x'},
    server: 'chat',
    io: {transports: ['polling']},
  });
  const {delivered} = await ana.call.say({text: 'Hello'});
  same<Equal<typeof delivered, boolean>>();
  const count = await ana.call.count();
  same<Equal<typeof count, number>>();
  await ana.call.count(undefined, {timeout: 5, id: 'one'});
  const pages = await ana.call.page();
  same<Equal<typeof pages, string[]>>();
  await ana.call.page({limit: 1}, {signal: AbortSignal.timeout(5)});
  const anything = await ana.call.any({x: 1});
  void anything.z;
  const said = await ana.next('said', {within: 500});
  same<Equal<typeof said, string>>();
  const from = await ana.next('moved');
  same<Equal<typeof from, number>>();
  const {message, code} = await ana.next('unauthorized');
  same<Equal<typeof message, string>>();
  same<Equal<typeof code, string | undefined>>();
  const reason = await ana.next('disconnect');
  same<Equal<typeof reason, string>>();
  await app.network.drop(ana);
  app.network.delay(ana, 5);
  // @ts-expect-error options are never first
  await ana.call.count({timeout: 5});
  // @ts-expect-error wrong args
  await ana.call.say({text: 17});
  // @ts-expect-error args are missing
  await ana.call.say();
  // @ts-expect-error there is no such method
  await ana.call.shout({text: 'x'});
  for await (const tick of ana.call.ticks({symbol: 'A'}, {id: true, after: '7'})) {
    same<Equal<typeof tick, number>>();
  }
  await ana.call.count(undefined, {upload: [new Uint8Array(1)], onProgress: () => {}});
  ana.answer('confirm', async (question, {signal}) => {
    same<Equal<typeof question, string>>();
    return !signal.aborted;
  });
  const question = await ana.next('confirm');
  same<Equal<typeof question, string>>();
  // @ts-expect-error wrong answer
  ana.answer('confirm', () => 'yes');
  // @ts-expect-error nobody asks this
  ana.answer('said', () => true);
  // @ts-expect-error there is no such event
  await ana.next('shouted');
  // @ts-expect-error there is no such option
  await app.client({token: 'x'});
}

export async function untyped(app: GivenSocketApp): Promise<void> {
  const client = await app.client();
  const result = await client.call.anything({limit: 3});
  void result.x;
  const payload = await client.next('any event');
  void payload.x;
}

export async function callers(app: GivenSocketApp): Promise<void> {
  const ana: TestCalls<Api> = app.caller<Api>({user: {id: 1}, namespace: '/a'});
  const result: {delivered: boolean} = await ana.say({text: 'x'});
  void result.delivered;
  for await (const tick of ana.ticks({symbol: 'A'})) same<Equal<typeof tick, number>>();
  // @ts-expect-error wrong args
  await ana.say({txt: 'x'});
  // @ts-expect-error it has no socket.io client of its own
  app.caller<Api>({io: {}});
}

export async function expectations(app: GivenSocketApp): Promise<void> {
  const calls = app.caller<Api>();
  const error = await expectCall(calls.count(), {
    code: 'X',
    statusCode: 400,
    message: /x/,
  });
  same<Equal<typeof error, CallError>>();
  // @ts-expect-error there is no such part
  await expectCall(calls.count(), {status: 400});
  // @ts-expect-error a function is no call
  await expectCall(() => calls.count());

  const kinds = {
    say: 'call',
    count: 'call',
    page: 'call',
    any: 'call',
    never: 'call',
    ticks: 'stream',
  } as const;
  expectApi<Api>(app, kinds);
  expectApi<Api>(app, kinds, {server: 'chat'});
  // @ts-expect-error a stream is no call
  expectApi<Api>(app, {...kinds, ticks: 'call'});
  const {say, ...others} = kinds;
  // @ts-expect-error a method is missing
  expectApi<Api>(app, others);
  // @ts-expect-error there is no such method
  expectApi<Api>(app, {...kinds, shout: say});
}
