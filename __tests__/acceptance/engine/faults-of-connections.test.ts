import assert from 'node:assert/strict';
import {after, afterEach, before, describe, it} from 'node:test';
import {givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {THENABLES, THROWN} from '../../helpers/faults';
import type {CallbackWay, Fault, Order, Way} from '../../helpers/faults';
import {FaultyProcess} from '../../helpers/faulty-process';

/** Clients are told these; the cause of any other refusal is logged. */
const TOLD = [
  THROWN['a 4xx Error'],
  THROWN['a 4xx Error with circular details'],
  THROWN['a string'],
];

const THROWING = ['throw', 'reject', 'reject later'] as const;

let given: FaultyProcess;

async function start(): Promise<void> {
  given = await FaultyProcess.start();
}

/** Connects a client for each fault, and shows what it was told and how often the cause was logged. */
async function connectAll(
  at: string,
  way: Way | CallbackWay,
  check: (client: TestClient, name: string) => Promise<unknown>,
  {
    logged = (fault: Fault): number => (TOLD.includes(fault) ? 0 : 1),
    faults = THROWN,
    kind = 'THROWN',
    namespace = '/',
    leaves = false,
  } = {},
): Promise<void> {
  for (const [name, fault] of Object.entries(faults)) {
    const order: Order = {at, way, fault: `${kind} ${name}`};
    const url = new URL(namespace, given.url).href;
    await using client = givenClient(url, {auth: {token: 'ok', ...order}});
    await check(client, name);
    const entries = await (leaves ? given.settled() : given.answered());
    const messages = entries.map(({handler, message}) => `${handler}: ${message}`);
    assert.equal(entries.length, logged(fault), `${name}: ${messages.join('\n')}`);
    assert.deepEqual(given.uncaught, [], name);
  }
}

/** It is refused, told nothing but a status, and never accepted. */
async function isRefused(client: TestClient, name: string): Promise<void> {
  const body = await client.next('unauthorized');
  assert.ok(body.statusCode >= 400, name);
  assert.equal(await client.next('disconnect'), 'io server disconnect');
  assert.deepEqual(client.names, ['connect', 'unauthorized', 'disconnect'], name);
}

/** Nobody says that its credentials are wrong, and it comes back by itself. */
async function isAbandoned(client: TestClient, name: string): Promise<void> {
  assert.equal(await client.next('disconnect'), 'transport close');
  assert.ok(client.socket.active, name);
  assert.deepEqual(client.names, ['connect', 'disconnect'], name);
}

/** REST would answer it with a 5xx status. */
const isOutage = (name: string) => !name.startsWith('a 4xx');

async function isDenied(client: TestClient): Promise<void> {
  assert.ok((await client.next('connect_error')) instanceof Error);
  assert.deepEqual(client.names, ['connect_error']);
}

async function isServed(client: TestClient): Promise<void> {
  await client.next('authenticated');
  assert.deepEqual(await client.call('echo', 1), {result: 1});
}

async function isServedUntilItLeaves(client: TestClient): Promise<void> {
  await isServed(client);
  client.socket.disconnect();
}

const always = () => 1;

describe('what authenticates a socket fails', () => {
  before(start);
  afterEach(() => given.check());
  after(() => given[Symbol.asyncDispose]());

  for (const way of THROWING) {
    it(`authentication handler: ${way}`, () =>
      connectAll('authentication handler', way, isRefused));
    it(`userId: ${way}`, () => connectAll('userId', way, isRefused));
    it(`applyCredentials: ${way}`, () =>
      connectAll('applyCredentials', way, isRefused, {namespace: '/strategy'}));
    it(`strategy: ${way}`, () =>
      connectAll(
        'strategy',
        way,
        (client, name) => (isOutage(name) ? isAbandoned : isRefused)(client, name),
        {
          namespace: '/strategy',
          logged: fault => (TOLD.slice(0, 2).includes(fault) ? 0 : 1),
        },
      ));
    for (const place of ['connected handler', 'connected handler of a controller']) {
      it(`${place}: ${way}`, () => connectAll(place, way, isRefused));
    }
  }

  it('authentication handler: return a thenable', () =>
    connectAll(
      'authentication handler',
      'return',
      (client, name) =>
        THENABLES[name].logged ? isRefused(client, name) : isServed(client),
      {faults: THENABLES, kind: 'THENABLES', logged: ({logged}: Fault) => logged},
    ));

  it('throws an Error whose message is longer than a packet can be', async () => {
    const fault = 'HUGE_THROWN an Error with a huge message';
    const auth: Order = {at: 'authentication handler', way: 'throw', fault};
    await using client = givenClient(given.url, {auth: {...auth}});
    await isRefused(client, fault);
    assert.equal((await given.answered()).length, 1);
  });
});

describe('what lets a socket join fails', () => {
  before(start);
  afterEach(() => given.check());
  after(() => given[Symbol.asyncDispose]());

  for (const way of THROWING) {
    it(`middleware: ${way}`, () =>
      connectAll('middleware', way, isDenied, {logged: always}));
    it(`namespace function: ${way}`, () =>
      connectAll('namespace function', way, isDenied, {
        logged: always,
        namespace: '/room',
      }));
  }

  it('middleware: call an error back', async () => {
    const passes = ['undefined', 'null'];
    const unreadable = [
      'a Proxy that throws at every trap',
      'an Error with throwing getters',
    ];
    const order = {at: 'middleware', way: 'call an error back'} as const;
    for (const name of Object.keys(THROWN)) {
      await using client = givenClient(given.url, {
        auth: {token: 'ok', ...order, fault: `THROWN ${name}`},
      });
      if (passes.includes(name)) await isServed(client);
      else await isDenied(client);
      const logged = (await given.answered()).length;
      assert.equal(logged, unreadable.includes(name) ? 1 : 0, name);
    }
  });

  for (const way of [
    'call a result back, then throw',
    'call a result back, then reject',
  ] as const) {
    it(`middleware: ${way}`, () =>
      connectAll('middleware', way, isServed, {logged: always}));
  }

  it('middleware: calls next twice', async () => {
    const auth = {token: 'ok', at: 'middleware that calls next twice'};
    await using client = givenClient(given.url, {auth});
    await isServed(client);
    assert.deepEqual(await given.settled(), []);
  });

  it('middleware: refuses with data that cannot be sent', async () => {
    for (const fault of ['circular', 'BigInt', 'deep']) {
      const auth = {token: 'ok', at: 'middleware that refuses', fault};
      await using client = givenClient(given.url, {auth});
      await isDenied(client);
      assert.equal((await given.answered()).length, 1);
    }
  });

  it('namespace function: answers twice', () =>
    connectAll(
      'namespace function',
      'call a result back twice',
      async client => client.next('connect'),
      {logged: () => 0, namespace: '/room'},
    ));

  for (const way of THROWING) {
    it(`connection listener: ${way}`, () =>
      connectAll('connection listener', way, isServed, {logged: always}));
  }
});

describe('what sees a socket leave fails', () => {
  before(start);
  afterEach(() => given.check());
  after(() => given[Symbol.asyncDispose]());

  for (const way of THROWING) {
    for (const place of [
      'disconnected handler',
      'disconnected handler of a controller',
    ]) {
      it(`${place}: ${way}`, () =>
        connectAll(place, way, isServedUntilItLeaves, {logged: always, leaves: true}));
    }
    for (const place of ['disconnecting listener', 'disconnect listener']) {
      it(`${place}: ${way}`, () =>
        connectAll(place, way, isServedUntilItLeaves, {logged: always, leaves: true}));
    }
    it(`error listener: ${way}`, () =>
      connectAll(
        'error listener',
        way,
        async client => {
          await isServed(client);
          const order: Order = {
            at: 'guard',
            way: 'call an error back',
            fault: 'THROWN a string',
          };
          assert.deepEqual(await client.call('echo', order), {error: 'text'});
          client.socket.disconnect();
        },
        {logged: always, leaves: true},
      ));
  }
});
