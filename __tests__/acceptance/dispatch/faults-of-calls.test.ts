import assert from 'node:assert/strict';
import {after, afterEach, before, describe, it} from 'node:test';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {
  ANSWERED,
  ENDLESS,
  HUGE_THROWN,
  INTERNAL,
  THENABLES,
  THROWN,
  UNAWAITED,
} from '../../helpers/faults';
import type {CallbackWay, Fault, Order, Way} from '../../helpers/faults';
import {FaultyProcess} from '../../helpers/faulty-process';

/** Which method is called for a fault at each place. */
const PLACES: Record<string, string> = {
  function: 'function',
  reference: 'reference',
  controller: 'controller',
  'interceptor of the method': 'intercepted',
  'interceptor of the class': 'intercepted',
  'global interceptor': 'intercepted',
  'plain interceptor': 'intercepted',
  'bare controller': 'bare',
  'bare global interceptor': 'bare',
};

const CALLBACK_PLACES = [
  'function with a callback',
  'reference with a callback',
  'controller with a callback',
];

/** Where a promise that never settles keeps a call from being answered. */
const HANGING = [
  ...Object.keys(PLACES),
  ...CALLBACK_PLACES,
  'injected value',
  'guard',
  'listener',
];

/** The method, or what else is called, for a fault at a place. */
function methodAt(place: string): string {
  if (place === 'guard') return 'echo';
  return place === 'injected value' ? 'injected' : (PLACES[place] ?? place);
}

/** Ways to fail after the answer. */
const TOO_LATE = [
  'call a result back, then throw',
  'call a result back, then reject',
] as const;
const KINDS = {THROWN, ANSWERED, UNAWAITED, ENDLESS, HUGE_THROWN, THENABLES};
/** Values that are no errors when they are called back. */
const NO_ERROR = [THROWN.undefined, THROWN.null];

type Kind = keyof typeof KINDS;

let given: FaultyProcess;
let client: TestClient;

async function start(errors?: object): Promise<void> {
  given = await FaultyProcess.start(errors);
  client = await givenAuthenticated(given.url);
}

async function stop(): Promise<void> {
  await client[Symbol.asyncDispose]();
  await given[Symbol.asyncDispose]();
}

/** Calls a method for each fault of a kind; each is answered once, and its cause is logged once. */
async function callAll(
  method: string,
  at: string,
  way: Way | CallbackWay,
  kind: Kind,
  expected: (
    fault: Fault,
    order: Order,
  ) => {answer?: object; logged?: number} = () => ({}),
): Promise<void> {
  for (const [name, fault] of Object.entries<Fault>(KINDS[kind])) {
    const order: Order = {at, way, fault: `${kind} ${name}`};
    let answers = 0;
    const answer = await new Promise<unknown>(resolve => {
      client.socket.emit(method, order, (reply: unknown) => {
        answers++;
        resolve(reply);
      });
    });
    const logged = await given.answered();
    const wanted = {...fault, ...expected(fault, order)};
    assert.deepEqual(answer, wanted.answer, name);
    assert.equal(
      logged.length,
      wanted.logged,
      `${name}: ${logged.map(one => one.message).join('\n')}`,
    );
    assert.equal(answers, 1, name);
    assert.deepEqual(given.uncaught, [], name);
  }
}

describe('a method that fails', () => {
  before(() => start());
  afterEach(() => given.check());
  after(stop);

  for (const [place, method] of Object.entries(PLACES)) {
    for (const way of ['throw', 'reject', 'reject later'] as const) {
      it(`${place}: ${way}`, () => callAll(method, place, way, 'THROWN'));
    }
    for (const way of ['return', 'resolve'] as const) {
      it(`${place}: ${way} what cannot be sent`, () =>
        callAll(method, place, way, 'ANSWERED'));
      it(`${place}: ${way} promises that reject inside a value`, () =>
        callAll(method, place, way, 'UNAWAITED'));
      it(`${place}: ${way} a thenable`, () => callAll(method, place, way, 'THENABLES'));
    }
  }

  for (const way of ['throw', 'reject'] as const) {
    it(`injected value: ${way}`, () =>
      callAll('injected', 'injected value', way, 'THROWN'));
  }

  for (const place of CALLBACK_PLACES) {
    for (const way of ['throw', 'reject'] as const) {
      it(`${place}: ${way}`, () => callAll(place, place, way, 'THROWN'));
    }
    it(`${place}: call an error back`, () =>
      callAll(place, place, 'call an error back', 'THROWN', fault =>
        NO_ERROR.includes(fault) ? {answer: {}, logged: 0} : {},
      ));
    it(`${place}: call a result back`, () =>
      callAll(place, place, 'call a result back', 'ANSWERED'));
    it(`${place}: call promises back that reject inside a value`, () =>
      callAll(place, place, 'call a result back', 'UNAWAITED'));
    it(`${place}: call a thenable back`, () =>
      callAll(place, place, 'call a result back', 'THENABLES'));
    it(`${place}: call a result back twice`, () =>
      callAll(place, place, 'call a result back twice', 'THROWN', () => ({
        answer: {result: 1},
        logged: 0,
      })));
    for (const way of TOO_LATE) {
      it(`${place}: ${way}`, () =>
        callAll(place, place, way, 'THROWN', () => ({answer: {result: 1}, logged: 1})));
    }
  }

  for (const place of ['function', 'controller']) {
    for (const way of ['throw', 'return'] as const) {
      it(`${place}: ${way} what is longer than a packet can be`, () =>
        callAll(place, place, way, 'ENDLESS'));
    }
  }

  it('throws an Error whose message is longer than a packet can be', () =>
    callAll('controller', 'controller', 'throw', 'HUGE_THROWN'));

  it('never answers, and ends with its socket', async () => {
    for (const place of HANGING) {
      await using other = await givenAuthenticated(given.url);
      const order: Order = {at: place, way: 'never settle', fault: 'THROWN an Error'};
      other.socket.emit(methodAt(place), order, () => assert.fail(place));
      assert.deepEqual(await other.call('echo', 1), {result: 1});
    }
    assert.deepEqual(await given.answered(), []);
  });

  it('never answers, and is answered when its time is over', async () => {
    for (const at of HANGING.filter(place => !['guard', 'listener'].includes(place))) {
      const order: Order = {at, way: 'never settle', fault: 'THROWN an Error'};
      const {error} = await client.call(methodAt(at), order, {$call: {timeout: 5}});
      assert.equal(error.code, 'CALL_TIMEOUT', at);
    }
    assert.deepEqual(await given.answered(), []);
  });
});

describe('a guard that fails', () => {
  before(() => start());
  afterEach(() => given.check());
  after(stop);

  for (const way of ['throw', 'reject', 'reject later'] as const) {
    it(way, () => callAll('echo', 'guard', way, 'THROWN'));
  }

  it('calls an error back', () =>
    callAll('echo', 'guard', 'call an error back', 'THROWN', (fault, order) =>
      // The guard lets the call pass.
      NO_ERROR.includes(fault) ? {answer: {result: order}, logged: 0} : {},
    ));

  it('calls next twice', async () => {
    const order: Order = {
      at: 'guard',
      way: 'call a result back twice',
      fault: 'THROWN an Error',
    };
    assert.deepEqual(await client.call('echo', order), {result: order});
    assert.deepEqual(await given.answered(), []);
  });

  for (const way of TOO_LATE) {
    it(way, async () => {
      const order: Order = {at: 'guard', way, fault: 'THROWN an Error'};
      assert.deepEqual(await client.call('echo', order), {result: order});
      assert.equal((await given.answered()).length, 1);
    });
  }

  it('returns a thenable that fails', async () => {
    for (const name of Object.keys(THENABLES)) {
      if (THENABLES[name].logged === 0) continue;
      const order: Order = {at: 'guard', way: 'return', fault: `THENABLES ${name}`};
      assert.deepEqual(await client.call('echo', order), INTERNAL, name);
      assert.equal((await given.answered()).length, 1, name);
    }
  });
});

describe('a listener that fails', () => {
  before(() => start());
  afterEach(() => given.check());
  after(stop);

  for (const way of ['throw', 'reject', 'reject later'] as const) {
    it(way, () => callAll('listener', 'listener', way, 'THROWN'));
  }

  it('acks what cannot be sent', () =>
    callAll('listener', 'listener', 'call a result back', 'ANSWERED'));

  it('acks promises that reject inside a value', () =>
    callAll('listener', 'listener', 'call a result back', 'UNAWAITED'));

  it('acks twice', () =>
    callAll('listener', 'listener', 'call a result back twice', 'ANSWERED', () => ({
      answer: {result: 1},
      logged: 0,
    })));

  for (const way of TOO_LATE) {
    it(way, () =>
      callAll('listener', 'listener', way, 'THROWN', () => ({
        answer: {result: 1},
        logged: 1,
      })),
    );
  }
});

describe('a method that fails where errors are sent with all that they hold', () => {
  before(() => start({debug: true, safeFields: ['self', 'config']}));
  afterEach(() => given.check());
  after(stop);

  for (const way of ['throw', 'reject'] as const) {
    it(way, async () => {
      for (const name of Object.keys(THROWN)) {
        const order: Order = {at: 'controller', way, fault: `THROWN ${name}`};
        const {error} = await client.call('controller', order);
        assert.notEqual(error, undefined, name);
        const logged = await given.answered();
        assert.equal(logged.length, THROWN[name].logged, name);
      }
    });
  }
});
