import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {it} from 'node:test';
import {get, HttpErrors, param, RestBindings} from '@loopback/rest';
import type {ErrorWriterOptions} from '@loopback/rest';
import {securityId} from '@loopback/security';
import type {MethodHandler} from 'loopback4-socket';
import {ErrorCodes, socketMethod, withCall} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {until} from '../helpers/awaited';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {nested} from '../helpers/nested';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const INTERNAL = {statusCode: 500, message: 'Internal Server Error'};

class Instance {
  secret = 1;
}

/** Ways to fail, each with the same thing. */
const WAYS: Record<string, (thrown: unknown) => MethodHandler> = {
  thrown: thrown => () => {
    throw thrown;
  },
  'rejected with': thrown => () => Promise.reject(thrown),
  'called back': thrown => (_socket, _credentials, _args, callback) => callback(thrown),
};

const having = (error: Error, properties: object) => Object.assign(error, properties);

/** Errors by what they are; the answer is LoopBack's own. */
const ERRORS: Record<string, Error> = {
  plain: new Error('secret'),
  'a TypeError': new TypeError('secret'),
  '4xx': new HttpErrors.Forbidden('Not you.'),
  '4xx with code, details and more': having(new HttpErrors.UnprocessableEntity('Bad.'), {
    code: 'INVALID',
    details: [{path: '/name', info: {limit: 3}}],
    secret: 'never',
  }),
  '4xx by `status`': having(new Error('Gone.'), {status: 410}),
  '4xx with a name of its own': having(new Error('Busy.'), {
    name: 'Busy',
    statusCode: 429,
  }),
  '4xx by a string': having(new Error('Gone.'), {statusCode: 410, name: 'Gone'}),
  '5xx': having(new HttpErrors.ServiceUnavailable('10.0.0.1'), {code: 'SECRET'}),
  '502': new HttpErrors.BadGateway('secret'),
  '504': new HttpErrors.GatewayTimeout('secret'),
  '505': new HttpErrors.HTTPVersionNotSupported('secret'),
  '507': new HttpErrors.InsufficientStorage('secret'),
  'exposed 5xx': having(new HttpErrors.ServiceUnavailable('Back at noon.'), {
    expose: true,
  }),
  '403 with a name of its own': having(new Error('Not you.'), {
    name: 'NotYours',
    statusCode: 403,
  }),
  'exposed without a status': having(new Error('Ask an admin.'), {expose: true}),
  ENTITY_NOT_FOUND: having(new Error('Entity not found: User 1'), {
    code: 'ENTITY_NOT_FOUND',
  }),
  'ENTITY_NOT_FOUND with a status': having(new Error('Gone.'), {
    code: 'ENTITY_NOT_FOUND',
    statusCode: 410,
  }),
  'of a 2xx status': having(new Error('secret'), {statusCode: 200}),
  'with properties of its own': having(new Error('secret'), {password: 'x', details: 1}),
};

class RestController {
  @get('/errors/{name}')
  fail(@param.path.string('name') name: string) {
    throw ERRORS[name];
  }
}

function givenErrors(writer?: ErrorWriterOptions) {
  return givenServer(
    server => {
      server.defineMethod('fail', (_socket, _credentials, name: string) => {
        throw ERRORS[name];
      });
    },
    {},
    {
      controllers: [RestController],
      setup: app => {
        app.bind(RestBindings.SequenceActions.LOG_ERROR).to(() => undefined);
        if (writer) app.bind(RestBindings.ERROR_WRITER_OPTIONS).to(writer);
      },
    },
  );
}

describeSection('Errors', options => {
  const sentAsTheyAre: Record<string, unknown> = {
    'a string': 'myError',
    'a number': 42,
    true: true,
    'a plain object': {reason: 'full', seats: [1]},
    'an object without prototype': Object.assign(Object.create(null), {a: 1}),
    'an object with a status': {statusCode: 503, password: 'x'},
    'an array': ['one', {two: 2}],
    'an empty array': [],
  };
  for (const [title, thrown] of Object.entries(sentAsTheyAre)) {
    for (const [way, fail] of Object.entries(WAYS)) {
      it(`are ${title} as it is when ${way}`, async () => {
        await using given = await givenServer(server => {
          server.defineMethod('fail', fail(thrown));
        });
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        const {error} = await client.call('fail');
        assert.deepEqual(error, JSON.parse(JSON.stringify(thrown)));
        assert.deepEqual(given.logged, []);
      });
    }
  }

  it('with 403 and no name of its own is a ForbiddenError, with `debug` as well', async () => {
    for (const debug of [false, true]) {
      await using given = await givenErrors({debug});
      given.server.defineMethod('deny', () => {
        throw having(new Error('Access denied'), {statusCode: 403});
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      const {error} = await client.call('deny');
      assert.equal(error.name, 'ForbiddenError');
      assert.equal(error.message, 'Access denied');
    }
  });

  const notTold: unknown[] = [
    undefined,
    null,
    '',
    0,
    false,
    NaN,
    Infinity,
    10n,
    Symbol('x'),
    () => 1,
    new Instance(),
    new Map([[1, 2]]),
    new Date(0),
  ];
  for (const thrown of notTold) {
    it(`are a 500 for ${typeof thrown} ${String(thrown)}, which is logged`, async () => {
      await using given = await givenServer(server => {
        server.defineMethod('throw', WAYS.thrown(thrown));
        server.defineMethod('reject', WAYS['rejected with'](thrown));
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('throw'), {error: INTERNAL});
      assert.deepEqual(await client.call('reject'), {error: INTERNAL});
      assert.deepEqual(
        given.logged.map(([error, statusCode]) => [error, statusCode]),
        [
          [thrown, 500],
          [thrown, 500],
        ],
      );
    });
  }

  it('are, for an Error, what LoopBack’s REST API sends', async () => {
    await using given = await givenErrors();
    const {url} = given.server;
    await using client = await givenAuthenticated(url, undefined, options);
    for (const name of Object.keys(ERRORS)) {
      const {error} = await client.call('fail', name);
      const response = await fetch(`${url ?? ''}/errors/${encodeURIComponent(name)}`);
      assert.deepEqual({name, error}, {name, ...(await response.json())});
    }
  });

  it('carry everything with `debug`, as in REST', async () => {
    await using given = await givenErrors({debug: true});
    const {url} = given.server;
    await using client = await givenAuthenticated(url, undefined, options);
    for (const name of Object.keys(ERRORS)) {
      const {error} = await client.call('fail', name);
      const response = await fetch(`${url ?? ''}/errors/${encodeURIComponent(name)}`);
      assert.deepEqual({name, error}, {name, ...(await response.json())});
      assert.equal(error.stack, ERRORS[name].stack);
    }
  });

  for (const safeFields of ['password', ['code', 'password', 'details']]) {
    it(`carry the safe fields ${String(safeFields)}, as in REST`, async () => {
      await using given = await givenErrors({safeFields: safeFields as string[]});
      const {url} = given.server;
      await using client = await givenAuthenticated(url, undefined, options);
      for (const name of Object.keys(ERRORS)) {
        const {error} = await client.call('fail', name);
        const response = await fetch(`${url ?? ''}/errors/${encodeURIComponent(name)}`);
        assert.deepEqual({name, error}, {name, ...(await response.json())});
      }
      const {error} = await client.call('fail', 'with properties of its own');
      assert.equal(error.password, 'x');
    });
  }

  it('carry code and details of an exposed 5xx error', async () => {
    const error = having(new HttpErrors.ServiceUnavailable('Back at noon.'), {
      expose: true,
      code: 'LUNCH',
      details: {until: 12},
      secret: 'never',
    });
    await using given = await givenServer(server => {
      server.defineMethod('fail', WAYS.thrown(error));
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('fail'), {
      error: {
        statusCode: 503,
        name: 'Service Unavailable',
        message: 'Back at noon.',
        code: 'LUNCH',
        details: {until: 12},
      },
    });
  });

  it('are a 500 for an error whose properties throw', async () => {
    const error = new Error('secret');
    Object.defineProperty(error, 'statusCode', {
      get: () => {
        throw new Error('trap');
      },
    });
    await using given = await givenServer(server => {
      server.defineMethod('fail', WAYS.thrown(error));
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('fail'), {error: INTERNAL});
    assert.equal(given.logged.length, 1);
  });

  it('are logged with cause, status, server, handler and socket, 5xx alone', async () => {
    const failure = new Error('secret');
    await using given = await givenServer(server => {
      server.defineMethod('fail', function failing() {
        throw failure;
      });
      server.defineMethod('refuse', WAYS.thrown(new HttpErrors.Forbidden()));
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    await client.call('refuse');
    await client.call('fail');
    const {id: socketId} = client.socket;
    assert.deepEqual(given.logged, [
      [failure, 500, {server: 'SocketServer', handler: 'failing', socketId}],
    ]);
  });

  it('do not change when the log itself fails', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('fail', WAYS.thrown(new Error('secret')));
    });
    given.logged.push = () => {
      throw new Error('disk full');
    };
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('fail'), {error: INTERNAL});
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const deep: unknown[] = [];
  for (let level = 0, inner = deep; level < 100_000; level++) {
    const next: unknown[] = [];
    inner.push(next);
    inner = next;
  }
  const unencodable: Record<string, unknown> = {
    circular: circular,
    'with a BigInt': {id: 10n},
    'very deep': deep,
    'with a toJSON that throws': {
      toJSON: () => {
        throw new Error('no JSON');
      },
    },
  };
  for (const [title, value] of Object.entries(unencodable)) {
    it(`are a 500, logged once, for an answer that is ${title}`, async () => {
      const error = () => having(new HttpErrors.Conflict(), {details: value});
      await using given = await givenServer(server => {
        server.defineMethod('return', () => value);
        server.defineMethod('resolve', async () => value);
        server.defineMethod('call back', (_s, _c, _a, done) => done(undefined, value));
        server.defineMethod('throw', WAYS.thrown(value));
        server.defineMethod('throw an error', () => Promise.reject(error()));
        server.defineMethod('ping', () => 'pong');
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      let logged = 0;
      for (const name of ['return', 'resolve', 'call back', 'throw', 'throw an error']) {
        assert.deepEqual(await client.call(name), {error: INTERNAL});
        assert.equal(given.logged.length, ++logged, name);
        assert.equal(given.logged.at(-1)?.[1], 500);
      }
      client.socket.emit('return');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      assert.equal(given.logged.length, logged);
    });
  }
});

class StrictController {
  @socketMethod({args: {type: 'number'}})
  strict(_socket: Socket, _credentials: unknown, args: number) {
    return args;
  }
}

describeSection('Codes', options => {
  it('are answered each in its case', async () => {
    const seen = new Map<string, number>();
    const note = ({code, statusCode}: {code: string; statusCode: number}) =>
      seen.set(code, statusCode);
    const gate = new Gate();
    await using given = await givenServer(
      server => {
        server.defineMethod('ping', () => 'pong');
        server.defineMethod('slow', () => gate.opened);
        server.defineMethod('items', () => Readable.from([1]));
        server.defineMethod(
          'upload',
          withCall(() => gate.opened, {upload: true}),
        );
        server.auth((_socket, credentials) => {
          if (credentials === 'user') return {[securityId]: credentials};
          if (credentials === 'hang') return new Promise(() => undefined);
          if (credentials === 'outage') throw {statusCode: 500};
          return credentials === 'expired' ? {expiresAt: 1} : credentials;
        });
      },
      {timeout: 200},
      {controllers: [StrictController]},
    );
    const {url} = given.server;
    await using silent = givenClient(url, options);
    note((await silent.call('ping')).error);
    note((await silent.call('authentication', 'hang')).error);
    await using unlucky = givenClient(url, options);
    note((await unlucky.call('authentication', 'outage')).error);
    await using refused = givenClient(url, options);
    note((await refused.call('authentication', '')).error);
    await using expired = givenClient(url, options);
    note((await expired.call('authentication', 'expired')).error);
    await using revoked = await givenAuthenticated(url, 'fine', options);
    const dropped = revoked.call('slow');
    await revoked.call('ping');
    given.server.io.disconnectSockets();
    note((await dropped).error);
    await using eager = givenClient(url, options);
    eager.socket.emit('authentication', 'hang');
    for (let call = 0; call < 16; call++) eager.socket.emit('ping');
    note((await eager.call('ping')).error);
    await using client = await givenAuthenticated(url, 'fine', options);
    note((await client.call('pong')).error);
    note((await client.call('strict', 'text')).error);
    note((await client.call('ping', 1, 2, 3)).error);
    note((await client.call('ping', JSON.parse(nested(65)))).error);
    note((await client.call('slow', null, {$call: {timeout: 5}})).error);
    const cancelled = client.call('slow', null, {$call: {ref: '1'}});
    await client.call('$cancel', {ref: '1'});
    note((await cancelled).error);
    note((await client.call('$next', {stream: '', got: 0})).error);
    await using before = await givenAuthenticated(url, 'user', options);
    await using after = await givenAuthenticated(url, 'user', options);
    const {stream} = await before.open('items', null, {$call: {id: '1'}});
    await after.call('$next', {stream, got: 0});
    note((await before.call('$next', {stream, got: 0})).error);
    note((await client.call('$send', {ref: 'none', at: 0, items: [1]})).error);
    const uploaded = client.call('upload', null, {$call: {ref: 'u', upload: true}});
    note((await client.call('$send', {ref: 'u', at: 1, items: [1]})).error);
    await client.call('$cancel', {ref: 'u'});
    await uploaded;
    const ask = (id: string) => given.server.askUser(id, 'confirm').catch(note);
    await ask('nobody');
    const {id = ''} = before.socket;
    before.socket.disconnect();
    await until(() => !given.server.io.sockets.has(id));
    after.socket.once('confirm', (answer: (value: unknown) => void) =>
      answer('no Reply'),
    );
    await ask('user');
    const unanswered = ask('user');
    after.socket.once('confirm', () => after.socket.disconnect());
    await unanswered;
    const slow = client.call('slow');
    await client.call('ping');
    const stopped = given.server.stop();
    note((await client.call('ping')).error);
    gate.open();
    assert.deepEqual(await slow, {});
    await stopped;
    assert.deepEqual(Object.fromEntries(seen), {
      UNAUTHENTICATED: 401,
      AUTHENTICATION_FAILED: 401,
      AUTHENTICATION_TIMEOUT: 408,
      AUTHENTICATION_UNAVAILABLE: 503,
      AUTHENTICATION_EXPIRED: 401,
      AUTHENTICATION_REVOKED: 401,
      METHOD_NOT_FOUND: 404,
      VALIDATION_FAILED: 422,
      TOO_MANY_ARGUMENTS: 400,
      TOO_MANY_REQUESTS: 429,
      PAYLOAD_TOO_LARGE: 413,
      CALL_TIMEOUT: 504,
      CALL_CANCELLED: 499,
      SHUTTING_DOWN: 503,
      STREAM_GONE: 410,
      STREAM_TAKEN: 409,
      UPLOAD_GONE: 410,
      OUT_OF_ORDER: 409,
      NOBODY_THERE: 404,
      CLIENT_GONE: 410,
      BAD_ANSWER: 502,
    });
    assert.deepEqual([...seen.keys()].sort(), Object.values(ErrorCodes).sort());
  });
});
