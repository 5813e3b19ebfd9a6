import {socketAuth, SocketBindings, socketMethod} from 'loopback4-socket';
import type {MethodHandler, Socket} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {EventEmitter, on} from 'node:events';
import {createReadStream} from 'node:fs';
import {PassThrough, Readable, Writable} from 'node:stream';
import {ReadableStream, TransformStream, WritableStream} from 'node:stream/web';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {GivenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {INTERNAL} from '../../helpers/faults';
import {Gate} from '../../helpers/gate';
import {Queue} from '../../helpers/queue';
import {givenServer} from '../../helpers/server';
import {seconds} from '../../helpers/awaited';

/** A result that stands for values to come, and what settles when it is ended. */
interface StreamCase {
  /** How the refusal calls it; an async iterable is refused as the answer of other handlers than methods only. */
  readonly kind: string;
  readonly make: () => {result: object; ended?: Promise<unknown>};
}

function endedBy(make: (end: () => void) => object): ReturnType<StreamCase['make']> {
  const gate = new Gate();
  return {result: make(() => gate.open()), ended: gate.opened};
}

/** Without a listener of `error`, so that the process ends where nobody else has one. */
const ofNode = (result: Readable | Writable) => endedBy(end => result.on('close', end));

async function* generate(end: () => void) {
  try {
    yield 1;
    yield 2;
  } finally {
    end();
  }
}

const STREAMS: Record<string, StreamCase> = {
  'a file stream': {
    kind: 'an async iterable',
    make: () => ofNode(createReadStream(__filename)),
  },
  'a stream of a file that does not exist': {
    kind: 'an async iterable',
    make: () => ofNode(createReadStream(`${__filename}.missing`)),
  },
  'a readable stream': {
    kind: 'an async iterable',
    make: () => ofNode(Readable.from([1, 2])),
  },
  'a writable stream': {
    kind: 'a stream',
    make: () => ofNode(new Writable({write: () => undefined})),
  },
  'a duplex stream': {kind: 'an async iterable', make: () => ofNode(new PassThrough())},
  'a web stream': {
    kind: 'an async iterable',
    make: () => endedBy(end => new ReadableStream({cancel: end})),
  },
  'a web stream that somebody reads': {
    kind: 'an async iterable',
    make: () => {
      const result = new ReadableStream();
      result.getReader();
      return {result};
    },
  },
  'a writable web stream': {
    kind: 'a stream',
    make: () => endedBy(end => new WritableStream({abort: end})),
  },
  'a transforming web stream': {
    kind: 'a stream',
    make: () => ({result: new TransformStream()}),
  },
  'an async generator': {
    kind: 'an async iterable',
    make: () => ({result: generate(() => undefined)}),
  },
  'an async generator that has started': {
    kind: 'an async iterable',
    make: () =>
      endedBy(end => {
        const result = generate(end);
        void result.next();
        return result;
      }),
  },
  'events of an emitter': {
    kind: 'an async iterable',
    make: () => ({result: on(new EventEmitter(), 'tick')}),
  },
  'an object literal that is an async iterable': {
    kind: 'an async iterable',
    make: () => ({result: {[Symbol.asyncIterator]: () => generate(() => undefined)}}),
  },
  'an observable': {
    kind: 'an observable',
    make: () => ({
      result: new (class Observable {
        subscribe() {
          return {unsubscribe: () => undefined};
        }
      })(),
    }),
  },
  'an object literal that is an observable': {
    kind: 'an observable',
    make: () => ({result: {subscribe: () => () => undefined}}),
  },
  'an observable that is known by the symbol': {
    kind: 'an observable',
    make: () => ({
      result: new (class Store {
        ['@@observable']() {
          return this;
        }
      })(),
    }),
  },
};

let given: GivenApp;
let client: TestClient;
let give: () => unknown;
let faults: Queue<{message: string; statusCode: number; handler: string}>;

const now: MethodHandler = () => give();

class GivingController {
  @socketMethod('controller')
  controller() {
    return give();
  }

  @socketMethod('controller, later')
  async later() {
    await Promise.resolve();
    return give();
  }

  @socketMethod('controller, called back')
  calledBack(
    _socket: Socket,
    _credentials: unknown,
    _args: unknown,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- the design type of a callback
    callback: Function,
  ): void {
    callback(null, give());
  }
}

const REMEDY =
  'A method returns one value or an async iterable, other handlers one value.';

/** Those that a method may return, but that cannot be read. */
const UNREADABLE: Record<string, string> = {
  'a stream of a file that does not exist': 'ENOENT',
  'a web stream that somebody reads': 'locked',
};

/** The names of the methods in logs. */
const METHODS = {
  controller: 'GivingController.controller',
  'controller, later': 'GivingController.later',
  'controller, called back': 'GivingController.calledBack',
  function: 'now',
  'function, called back': 'back',
  reference: 'Object.now',
};

describe('a result', {timeout: seconds(20)}, () => {
  beforeEach(async () => {
    given = await givenServer(
      server => {
        server.defineMethod('function', now);
        server.defineMethod(
          'function, called back',
          function back(_socket, _credentials, _args, callback) {
            callback(null, give());
          },
        );
        server.defineMethod('reference', {model: {now}, method: 'now'});
        server.defineMethod('pass', () => true);
      },
      {},
      {
        controllers: [GivingController],
        setup: app => {
          faults = new Queue();
          app.bind(SocketBindings.LOG_ERROR).to((error, statusCode, {handler}) => {
            faults.push({message: (error as Error).message, statusCode, handler});
          });
        },
      },
    );
    client = await givenAuthenticated(given.server.url);
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await given[Symbol.asyncDispose]();
  });

  /** Makes the next result, and returns what settles when it is ended. */
  function giveNext(make: StreamCase['make']): Queue<Promise<unknown> | undefined> {
    const ended = new Queue<Promise<unknown> | undefined>();
    // A stream may fail soon after it is made.
    give = () => {
      const made = make();
      ended.push(made.ended);
      return made.result;
    };
    return ended;
  }

  for (const [name, {kind, make}] of Object.entries(STREAMS)) {
    if (kind === 'an async iterable') continue;
    it(`that is ${name} is refused, logged under its method, and ended`, async () => {
      for (const [method, label] of Object.entries(METHODS)) {
        const ended = giveNext(make);
        assert.deepEqual(await client.call(method), INTERNAL, method);
        await await ended.next();
        const message = `A handler cannot answer with ${kind}. ${REMEDY}`;
        assert.deepEqual(await faults.next(), {message, statusCode: 500, handler: label});
        assert.equal(faults.size, 0);
      }
    });
  }

  for (const [name, {kind, make}] of Object.entries(STREAMS)) {
    if (kind !== 'an async iterable' || name in UNREADABLE) continue;
    it(`that is ${name} is a stream, which ends it`, async () => {
      for (const method of Object.keys(METHODS)) {
        const ended = giveNext(make);
        const {stream} = await client.open(method);
        assert.deepEqual(await client.call('$stop', {stream}), {result: true}, method);
        await await ended.next();
        assert.equal(faults.size, 0);
      }
    });
  }

  for (const [name, reason] of Object.entries(UNREADABLE)) {
    it(`that is ${name} is answered 500, and logged under its method`, async () => {
      for (const [method, label] of Object.entries(METHODS)) {
        const ended = giveNext(STREAMS[name].make);
        const {stream, error} = await client.open(method);
        const answer = stream ? await client.call('$next', {stream, got: 0}) : {error};
        assert.deepEqual(answer, INTERNAL, method);
        await await ended.next();
        const {message, ...fault} = await faults.next();
        assert.ok(message.includes(reason), message);
        assert.deepEqual(fault, {statusCode: 500, handler: label});
        assert.equal(faults.size, 0);
      }
    });
  }

  it('that is a stream is ended too where nobody asked for it', async () => {
    const made = STREAMS['a file stream'].make();
    give = () => made.result;
    client.socket.emit('function');
    await made.ended;
    await client.call('pass');
    assert.equal(faults.size, 0);
  });

  it('that is a stream is ended too when it comes after the call was answered', async () => {
    const made = STREAMS['a file stream'].make();
    const gate = new Gate();
    give = async () => {
      await gate.opened;
      return made.result;
    };
    const {error} = await client.call('function', 1, {$call: {timeout: 1}});
    assert.equal(error.code, 'CALL_TIMEOUT');
    gate.open();
    await made.ended;
  });

  it('whose end fails is logged for that as well', async () => {
    give = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({done: false, value: 1}),
        return: () => Promise.reject(new Error('closed badly')),
      }),
    });
    const {stream} = await client.open('function');
    assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    assert.equal((await faults.next()).message, 'closed badly');
  });

  it('that says itself what JSON makes of it is sent, whatever else it is', async () => {
    class Newsletter {
      readonly title = 'News';
      subscribe() {
        return this;
      }
      toJSON() {
        return {title: this.title};
      }
    }
    give = () => new Newsletter();
    assert.deepEqual(await client.call('controller'), {result: {title: 'News'}});
  });

  const rejecting: Record<string, unknown[]> = {
    'is sent': [1],
    'comes after the call was answered': [1, {$call: {timeout: 1}}],
    'is kept for a retried call': [1, {$call: {id: '1'}}],
  };
  for (const [how, args] of Object.entries(rejecting)) {
    for (const asked of [true, false]) {
      const title = `that ${how}, ${asked ? 'with' : 'without'} an ack`;
      it(`${title}, is logged once for a promise inside that rejects`, async () => {
        for (const method of ['controller, later', 'function']) {
          const gate = new Gate();
          give = async () => {
            await gate.opened;
            return {page: [{total: Promise.reject(new Error(method))}]};
          };
          const answer = asked && client.call(method, ...args);
          if (!asked) client.socket.emit(method, ...args);
          if (how === 'comes after the call was answered' && answer) await answer;
          else await client.call('pass');
          gate.open();
          await answer;
          assert.equal((await faults.next()).message, method);
          await client.call('pass');
          assert.equal(faults.size, 0);
        }
      });
    }
  }
});

describe('an authentication handler', () => {
  for (const [name, {make}] of Object.entries(STREAMS)) {
    it(`that answers with ${name} refuses the socket`, async () => {
      const made = new Queue<ReturnType<typeof make>>();
      class Careless extends AuthController {
        @socketAuth()
        override authenticate(): never {
          const one = make();
          made.push(one);
          return one.result as never;
        }
      }
      await using app = await givenApp({controllers: [Careless]});
      await using one = givenClient(app.server.url);
      one.socket.emit('authentication', {});
      assert.equal((await one.next('unauthorized')).code, 'AUTHENTICATION_FAILED');
      await (
        await made.next()
      ).ended;
      assert.equal(app.logged.length, 1);
    });
  }
});
