import assert from 'node:assert/strict';
import {it} from 'node:test';
import {RESERVED_EVENTS} from 'loopback4-socket';
import type {SocketServer} from 'loopback4-socket';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const REFUSED = {
  message: 'Authentication failed.',
  statusCode: 401,
  code: 'AUTHENTICATION_FAILED',
};

describeSection('authentication', options => {
  for (const [token, reply, events] of [
    ['ok', {result: true}, ['connect', 'authenticated']],
    ['bad', {error: REFUSED}, ['connect']],
  ] as const) {
    it(`is answered with ${JSON.stringify(reply)} after ${events.join(', ')}`, async () => {
      await using given = await givenServer();
      await using client = givenClient(given.server.url, options);
      const before = await new Promise(resolve => {
        client.socket.emit('authentication', {token}, (answer: unknown) => {
          assert.deepEqual(answer, reply);
          resolve([...client.names]);
        });
      });
      assert.deepEqual(before, events);
    });
  }

  it('needs no ack', async () => {
    await using given = await givenServer();
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    assert.equal(await client.next('authenticated'), true);
  });

  it('has undefined credentials when they are left out, with an ack or without', async () => {
    const seen: unknown[] = [];
    await using given = await givenServer(server => {
      server.auth((_socket, credentials) => {
        seen.push(credentials);
        return true;
      });
    });
    await using client = givenClient(given.server.url, options);
    assert.deepEqual(await client.call('authentication'), {result: true});
    await using other = givenClient(given.server.url, options);
    other.socket.emit('authentication');
    await other.next('authenticated');
    assert.deepEqual(seen, [undefined, undefined]);
  });

  it('is answered 400 when it has more than one argument, and authenticates nothing', async () => {
    await using given = await givenServer(server =>
      server.defineMethod('ping', () => 'pong'),
    );
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'}, 'more');
    assert.deepEqual(await client.call('authentication', {token: 'ok'}, 'more'), {
      error: {
        statusCode: 400,
        name: 'BadRequestError',
        message: 'Too many arguments.',
        code: 'TOO_MANY_ARGUMENTS',
      },
    });
    assert.equal((await client.call('ping')).error.statusCode, 401);
    await client.authenticate();
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });
});

describeSection('authenticated', options => {
  it('carries true, and comes once', async () => {
    await using given = await givenServer();
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    assert.equal(await client.next('authenticated'), true);
    await client.call('authentication', {token: 'ok'});
    assert.deepEqual(client.received.slice(1), [['authenticated', true]]);
  });

  it('comes when methods are callable', async () => {
    await using given = await givenServer(server =>
      server.defineMethod('ping', () => 'pong'),
    );
    await using client = givenClient(given.server.url, options);
    const answer = new Promise(resolve => {
      client.socket.once('authenticated', () => client.socket.emit('ping', resolve));
    });
    client.socket.emit('authentication', {token: 'ok'});
    assert.deepEqual(await answer, {result: 'pong'});
  });
});

describeSection('unauthorized', options => {
  it('is the last event before the namespace is disconnected', async () => {
    await using given = await givenServer();
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'bad'});
    assert.equal(await client.next('disconnect'), 'io server disconnect');
    assert.deepEqual(client.received.slice(0, -1), [
      ['connect'],
      ['unauthorized', REFUSED],
    ]);
    assert.equal(client.names.at(-1), 'disconnect');
  });
});

describeSection('Calls', options => {
  it('run the method of that name', async () => {
    await using given = await givenServer(server =>
      server.defineMethod('double', (_socket, _credentials, args: number) => args * 2),
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('double', 21), {result: 42});
  });

  it('are answered when they are ready, whatever the order they came in', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('slow', () => gate.opened.then(() => 'slow'));
      server.defineMethod('fast', () => {
        gate.open();
        return 'fast';
      });
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const order: unknown[] = [];
    await Promise.all(
      ['slow', 'fast'].map(async name => order.push((await client.call(name)).result)),
    );
    assert.deepEqual(order, ['fast', 'slow']);
  });

  it('that are in flight when the socket goes are left to end by themselves', async () => {
    const gate = new Gate();
    const entered = new Gate();
    const ended = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('slow', async () => {
        entered.open();
        await gate.opened;
        ended.open();
      });
    });
    const client = await givenAuthenticated(given.server.url, undefined, options);
    client.socket.emit('slow', () => assert.fail('answered'));
    await entered.opened;
    await client[Symbol.asyncDispose]();
    gate.open();
    await ended.opened;
    await using other = await givenAuthenticated(given.server.url, undefined, options);
    assert.equal((await other.call('unknown')).error.statusCode, 404);
    assert.deepEqual(given.logged, []);
  });
});

describeSection('failed', options => {
  const NOT_FOUND = {
    statusCode: 404,
    name: 'NotFoundError',
    message: 'No such method.',
    code: 'METHOD_NOT_FOUND',
  };
  const define = (server: SocketServer) => {
    server.defineMethod('text', () => Promise.reject('myError'));
    server.defineMethod('plain', () => {
      throw new Error('secret');
    });
    server.defineMethod('circular', () => {
      const thrown: Record<string, unknown> = {};
      throw Object.assign(thrown, {thrown});
    });
    server.defineMethod('fine', () => 'fine');
    server.defineMethod('slow', () => new Promise(() => undefined));
    server.onConnected(socket => {
      socket.on('listened', () => {
        throw 'heard';
      });
      socket.on('silent', (...args: unknown[]) => socket.emit('heard', args));
      socket.use(([name, ...args], next) => {
        if (name === 'silent') assert.deepEqual(args, [1]);
        next(name === 'guarded' ? new Error('no') : undefined);
      });
    });
  };
  /** A stop does not wait for `slow`, which never settles. */
  const QUICK = {component: {drainTimeout: 0}};
  const INTERNAL = {statusCode: 500, message: 'Internal Server Error'};
  const failing: Record<string, [args: unknown[], error: unknown, logged?: number]> = {
    text: [[], 'myError'],
    plain: [[], INTERNAL, 1],
    circular: [[], INTERNAL, 1],
    guarded: [[], INTERNAL, 1],
    listened: [[], 'heard'],
    unknown: [[], NOT_FOUND],
    fine: [
      [1, 2],
      {
        statusCode: 400,
        name: 'BadRequestError',
        message: 'The second argument can only be call options: {$call: {…}}.',
      },
    ],
    slow: [
      [1, {$call: {timeout: 5, id: '1'}}],
      {
        statusCode: 504,
        name: 'Gateway Time-out',
        message: 'Not answered within 5 ms.',
        code: 'CALL_TIMEOUT',
      },
    ],
  };
  for (const [event, [args, error, logged = 0]] of Object.entries(failing)) {
    it(`tells of ${event} that has failed without an ack, where it is asked for`, async () => {
      await using given = await givenServer(define, {emitFailed: true}, QUICK);
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      client.socket.emit(event, ...args);
      assert.deepEqual(await client.next('failed'), {event, error});
      assert.equal(given.logged.length, logged);
    });
  }

  it('is not sent for results, nor where an ack is answered', async () => {
    await using given = await givenServer(define, {emitFailed: true});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    client.socket.emit('fine');
    client.socket.emit('silent', 1);
    assert.deepEqual(await client.next('heard'), [1]);
    assert.deepEqual(await client.call('text'), {error: 'myError'});
    assert.deepEqual(client.names, ['connect', 'authenticated', 'heard']);
  });

  it('is sent before authentication too, but not for credentials', async () => {
    await using given = await givenServer(define, {emitFailed: true});
    await using client = givenClient(given.server.url, options);
    client.socket.emit('text');
    const {event, error} = await client.next('failed');
    assert.deepEqual([event, error.code], ['text', 'UNAUTHENTICATED']);
    client.socket.emit('authentication', {token: 'bad'});
    await client.next('disconnect');
    assert.deepEqual(client.names, ['connect', 'failed', 'unauthorized', 'disconnect']);
  });

  it('is not sent unless it is asked for', async () => {
    await using given = await givenServer(define, {}, QUICK);
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    for (const [event, [args]] of Object.entries(failing)) {
      client.socket.emit(event, ...args);
    }
    assert.deepEqual(await client.call('fine'), {result: 'fine'});
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });
});

describeSection('Reserved names', options => {
  it('cannot be the name of a method', async () => {
    await using given = await givenServer();
    for (const name of [...RESERVED_EVENTS, '$any']) {
      assert.throws(() => given.server.defineMethod(name, () => true), /reserved/);
    }
  });

  it('are these', () => {
    assert.deepEqual([...RESERVED_EVENTS].sort(), [
      '$cancel',
      '$next',
      '$send',
      '$stop',
      'authenticated',
      'authentication',
      'connect',
      'connect_error',
      'connection',
      'disconnect',
      'disconnecting',
      'draining',
      'error',
      'expiring',
      'failed',
      'newListener',
      'removeListener',
      'unauthorized',
    ]);
  });
});

describeFrames('Calls', () => {
  it('run without an ack too, and then nothing is answered', async () => {
    const ran: unknown[] = [];
    await using given = await givenServer(server => {
      server.defineMethod('note', (_socket, _credentials, args) => {
        ran.push(args);
        if (args === 'throw') throw new Error('noted');
        return args;
      });
    });
    await using client = await RawClient.join(given.server.url);
    await client.send('42["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    await client.send('42["note","return"]', '42["note","throw"]', '421["note","ack"]');
    assert.deepEqual(await client.answerTo(1), {result: 'ack'});
    assert.deepEqual(ran, ['return', 'throw', 'ack']);
    assert.equal(given.logged.length, 1);
  });

  it('are answered once, even if the method calls back twice', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('twice', (_socket, _credentials, _args, callback) => {
        callback(undefined, 'first');
        callback(undefined, 'second');
        throw new Error('third');
      });
    });
    await using client = await RawClient.join(given.server.url);
    await client.send('42["authentication",{"token":"ok"}]');
    await client.next();
    await client.send('421["twice"]', '422["twice"]');
    assert.equal(await client.next(), '431[{"result":"first"}]');
    assert.equal(await client.next(), '432[{"result":"first"}]');
  });
});
