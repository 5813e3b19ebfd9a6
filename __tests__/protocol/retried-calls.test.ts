import {inject} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {Socket, SocketServerOptions} from 'loopback4-socket';
import type {GivenApp} from '../helpers/app';
import {once} from '../helpers/awaited';
import {bytesParser} from '../helpers/bytes-parser';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {Queue} from '../helpers/queue';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const call = (id: unknown) => ({$call: {id}});

interface GivenCounter extends AsyncDisposable {
  readonly given: GivenApp;
  readonly runs: unknown[];
  readonly gate: Gate;
}

/** A server whose methods tell how often they have run. */
async function givenCounter(options: SocketServerOptions = {}): Promise<GivenCounter> {
  const runs: unknown[] = [];
  const gate = new Gate();
  const given = await givenServer(server => {
    server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
    server.defineMethod('count', (_socket, _credentials, args) => runs.push(args));
    server.defineMethod('other', (_socket, _credentials, args) => runs.push(args));
    server.defineMethod('fail', () => {
      runs.push('fail');
      throw 'no';
    });
    server.defineMethod('slow', async () => {
      runs.push('slow');
      await gate.opened;
      return runs.length;
    });
  }, options);
  return {given, runs, gate, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]()};
}

describeSection('Retried calls', options => {
  it('run once, and get the same answer', async () => {
    await using counter = await givenCounter();
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(await client.call('count', 'a', call('x')), {result: 1});
      assert.deepEqual(await client.call('fail', null, call('x')), {error: 'no'});
    }
    assert.deepEqual(runs, ['a', 'fail']);
    assert.deepEqual(await client.call('count', 'b', call('y')), {result: 3});
    assert.deepEqual(await client.call('count', 'c'), {result: 4});
  });

  it('get the answer when it is ready, also on another connection', async () => {
    await using counter = await givenCounter();
    const {runs, given, gate} = counter;
    const {url} = given.server;
    await using lost = await givenAuthenticated(url, {id: '1'}, options);
    lost.socket.emit('slow', null, call('x'), () => assert.fail('answered'));
    await lost.call('count', 'a');
    await lost[Symbol.asyncDispose]();
    await using client = await givenAuthenticated(url, {id: '1'}, options);
    const answers = [1, 2].map(() => client.call('slow', null, call('x')));
    await client.call('count', 'b');
    gate.open();
    for (const answer of answers) assert.deepEqual(await answer, {result: 3});
    assert.deepEqual(runs, ['slow', 'a', 'b']);
    assert.deepEqual(await client.call('slow', null, call('x')), {result: 3});
  });

  it('that wait for the first are in flight too: limited, and answered at the end', async () => {
    await using counter = await givenCounter({maxCallsInFlight: 3});
    const {runs, given, gate} = counter;
    const {url} = given.server;
    await using first = await givenAuthenticated(url, {id: '1'}, options);
    first.socket.emit('slow', null, call('x'));
    await first.call('count', 'a');
    await using client = await givenAuthenticated(url, {id: '1'}, options);
    const repeated = [1, 2, 3].map(() => client.call('slow', null, call('x')));
    const {error} = await client.call('slow', null, call('x'));
    assert.equal(error.code, 'TOO_MANY_REQUESTS');
    given.server.io.in(client.socket.id!).disconnectSockets();
    for (const answer of repeated) {
      assert.equal((await answer).error.code, 'AUTHENTICATION_REVOKED');
    }
    gate.open();
    assert.deepEqual(await first.call('slow', null, call('x')), {result: 2});
    assert.deepEqual(runs, ['slow', 'a']);
  });

  it('that wait for the first are answered when the server stops', async () => {
    const entered = new Gate();
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('ping', () => 'pong');
        server.defineMethod('hang', () => {
          entered.open();
          return new Promise(() => undefined);
        });
      },
      {},
      {component: {drainTimeout: 100}},
    );
    const {url} = given.server;
    await using lost = await givenAuthenticated(url, {}, options);
    lost.socket.emit('hang', null, call('x'));
    await entered.opened;
    await lost[Symbol.asyncDispose]();
    await using client = await givenAuthenticated(url, {}, options);
    const answer = client.call('hang', null, call('x'));
    await client.call('ping');
    await given.app.stop();
    assert.equal((await answer).error.code, 'SHUTTING_DOWN');
  });

  it('are a user’s, a namespace’s and a method’s own', async () => {
    await using counter = await givenCounter({namespace: /^\/room-\d$/});
    const {runs, given} = counter;
    const {url} = await given.app.get(RestBindings.SERVER);
    const root = String(url);
    await using one = await givenAuthenticated(`${root}/room-1`, {id: '1'}, options);
    await using two = await givenAuthenticated(`${root}/room-1`, {id: '2'}, options);
    await using away = await givenAuthenticated(`${root}/room-2`, {id: '1'}, options);
    await using nobody = await givenAuthenticated(`${root}/room-1`, {}, options);
    await using nobodyElse = await givenAuthenticated(`${root}/room-1`, {}, options);
    const clients = [one, two, away, nobody, nobodyElse];
    for (const client of [...clients, ...clients]) {
      await client.call('count', 1, call('x'));
      await client.call('other', 2, call('x'));
    }
    assert.equal(runs.length, 10);
  });

  it('are answered in a namespace of a pattern though its only client was away', async () => {
    await using counter = await givenCounter({namespace: /^\/room-\d$/});
    const {runs, given} = counter;
    const {url} = await given.app.get(RestBindings.SERVER);
    const room = `${String(url)}/room-1`;
    const {io} = given.server;
    for (let time = 0; time < 2; time++) {
      await using client = await givenAuthenticated(room, {id: '1'}, options);
      assert.deepEqual(await client.call('count', 1, call('x')), {result: 1});
      const [socket] = io.server.of('/room-1').sockets.values();
      const gone = once(socket, 'disconnect');
      client.socket.disconnect();
      await gone;
      assert.ok(!io.server._nsps.has('/room-1'));
    }
    assert.equal(runs.length, 1);
  });

  it('get the first answer, whatever the method has done since to what it gave', async () => {
    const board = {moves: [] as unknown[], at: new Date(0)};
    const bytes = Buffer.from([0]);
    const failure = Object.assign(new Error('Taken.'), {statusCode: 409, details: board});
    await using given = await givenServer(server => {
      server.auth(() => ({[securityId]: '1'}));
      server.defineMethod('move', (_socket, _credentials, move) => {
        board.moves.push(move);
        return board;
      });
      server.defineMethod('fill', async (_socket, _credentials, value: number) => ({
        buffer: bytes.fill(value),
        floats: new Float32Array(bytes.buffer, bytes.byteOffset, 0),
        array: bytes.buffer.slice(0, 1),
      }));
      server.defineMethod('fail', (_socket, _credentials, move) => {
        board.moves.push(move);
        throw failure;
      });
    });
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (const name of ['move', 'fill', 'fail']) {
      const first = await client.call(name, 1, call('x'));
      await client.call(name, 2, call('y'));
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await client.call(name, 1, call('x')), first, name);
      }
    }
    const move = {result: {moves: [1], at: '1970-01-01T00:00:00.000Z'}};
    assert.deepEqual(await client.call('move', 1, call('x')), move);
    assert.deepEqual(given.logged, []);
  });

  it('get the first answer with the application’s parser too', async () => {
    const board = {moves: [] as unknown[]};
    const parser = bytesParser;
    await using given = await givenServer(
      server => {
        server.auth(() => ({[securityId]: '1'}));
        server.defineMethod('move', (_socket, _credentials, move) => {
          board.moves.push(move);
          return board;
        });
      },
      {},
      {component: {io: {parser}}},
    );
    await using client = await givenAuthenticated(
      given.server.url,
      {},
      {...options, parser},
    );
    for (const move of [1, 2, 1]) await client.call('move', move, call(String(move)));
    assert.deepEqual(await client.call('move', 1, call('1')), {result: {moves: [1]}});
  });

  it('of which the answer cannot be encoded get that failure again, which is logged once', async () => {
    const circular: {self?: unknown} = {};
    circular.self = circular;
    const values: Record<string, unknown> = {circular, BigInt: {n: 1n}};
    await using given = await givenServer(server => {
      server.auth(() => ({[securityId]: '1'}));
      server.defineMethod('give', (_socket, _credentials, name: string) => {
        const value = values[name];
        values[name] = 'another';
        return value;
      });
    });
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (const name of Object.keys(values)) {
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await client.call('give', name, call(name)), {
          error: {statusCode: 500, message: 'Internal Server Error'},
        });
      }
    }
    // One is asked for only after it was given.
    values.later = circular;
    client.socket.emit('give', 'later', call('later'));
    const later = await client.call('give', 'later', call('later'));
    assert.equal(later.error.statusCode, 500);
    assert.equal(given.logged.length, 3);
  });

  it('get what the method gave, though the first client waited no longer', async () => {
    await using counter = await givenCounter();
    const {given, runs, gate} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const first = await client.call('slow', null, {$call: {id: 'x', timeout: 10}});
    assert.equal(first.error.code, 'CALL_TIMEOUT');
    const second = client.call('slow', null, call('x'));
    const third = await client.call('slow', null, {$call: {id: 'x', timeout: 10}});
    assert.equal(third.error.code, 'CALL_TIMEOUT');
    gate.open();
    assert.deepEqual(await second, {result: 1});
    assert.deepEqual(await client.call('slow', null, call('x')), {result: 1});
    assert.deepEqual(runs, ['slow']);
  });

  it('get the server’s own time limit, which the first client’s does not lift', async () => {
    const signals = new Queue<AbortSignal>();
    class HangingController {
      @socketMethod()
      hang(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        signals.push(signal);
        return new Promise<void>(resolve =>
          signal.addEventListener('abort', () => resolve()),
        );
      }
    }
    await using given = await givenServer(
      undefined,
      {callTimeout: 150, userId: () => '1'},
      {controllers: [HangingController]},
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const first = await client.call('hang', null, {$call: {id: 'x', timeout: 10}});
    assert.match(first.error.message, /within 10 ms/);
    const signal = await signals.next();
    assert.equal(signal.aborted, false, 'another client may come for the outcome');
    const second = await client.call('hang', null, call('x'));
    assert.match(second.error.message, /within 150 ms/);
    assert.equal(signal.aborted, true);
    assert.equal(signals.size, 0);
    await given.app.stop();
  });

  it('are known without an ack too', async () => {
    await using counter = await givenCounter();
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    client.socket.emit('count', 'a', call('x'));
    assert.deepEqual(await client.call('count', 'a', call('x')), {result: 1});
    client.socket.emit('count', 'a', call('x'));
    await client.call('other', 'b');
    assert.deepEqual(runs, ['a', 'b']);
  });

  it('run again after they were refused', async () => {
    await using counter = await givenCounter({maxCallsInFlight: 1});
    const {runs, given, gate} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const slow = client.call('slow');
    const {error} = await client.call('count', 'a', call('x'));
    assert.equal(error.code, 'TOO_MANY_REQUESTS');
    gate.open();
    await slow;
    assert.deepEqual(await client.call('count', 'a', call('x')), {result: 2});
    assert.deepEqual(runs, ['slow', 'a']);
  });

  it('run again when more have come since than are kept', async () => {
    await using counter = await givenCounter({retryWindow: {time: 10_000, calls: 2}});
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (const id of ['1', '2', '3']) await client.call('count', id, call(id));
    for (const id of ['3', '2', '1']) await client.call('count', id, call(id));
    assert.deepEqual(runs, ['1', '2', '3', '1']);
  });

  it('run again after the user has made none for a while', async () => {
    await using counter = await givenCounter({
      timeout: 200,
      retryWindow: {time: 50, calls: 10},
    });
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    await client.call('count', 'a', call('x'));
    // Its time is longer than twice that of the window.
    await using late = givenClient(given.server.url, options);
    await late.next('unauthorized');
    await client.call('count', 'b', call('x'));
    assert.deepEqual(runs, ['a', 'b']);
  });

  it('run again without a window', async () => {
    await using counter = await givenCounter({retryWindow: false});
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (let time = 0; time < 2; time++) await client.call('count', time, call('x'));
    assert.deepEqual(runs, [0, 1]);
  });

  it('are refused with an id that is none', async () => {
    await using counter = await givenCounter();
    const {runs, given} = counter;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (const id of [1, null, {}, ['x'], 'x'.repeat(129)]) {
      assert.deepEqual(await client.call('count', 1, call(id)), {
        error: {
          statusCode: 400,
          name: 'BadRequestError',
          message: 'The id of a call must be a string of at most 128 characters.',
        },
      });
    }
    assert.deepEqual(await client.call('count', 1, call('x'.repeat(128))), {result: 1});
    assert.equal(runs.length, 1);
  });

  it('go on when their socket is gone, unlike others', async () => {
    const aborted: unknown[] = [];
    const entered = new Gate();
    const ended = new Gate();
    class WaitController {
      @socketMethod()
      wait(
        @inject(SocketBindings.SIGNAL) signal: AbortSignal,
        _socket: Socket,
        _credentials: unknown,
        name: string,
      ) {
        signal.addEventListener('abort', () => aborted.push(name));
        if (name === 'without') entered.open();
        return ended.opened;
      }
    }
    await using given = await givenServer(
      server => {
        server.onDisconnected(() => ended.open());
      },
      {},
      {controllers: [WaitController]},
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    client.socket.emit('wait', 'with an id', call('x'));
    client.socket.emit('wait', 'without');
    await entered.opened;
    await client[Symbol.asyncDispose]();
    await ended.opened;
    assert.deepEqual(aborted, ['without']);
  });
});
