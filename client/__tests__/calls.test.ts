import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Gate} from '../../__tests__/helpers/gate';
import {givenServer} from '../../__tests__/helpers/server';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';

describe('A call', () => {
  for (const transport of TRANSPORTS) {
    it(`connects, waits for authentication and is answered over ${transport}`, async () => {
      await using given = await givenServer(server => {
        server.defineMethod('twice', (_socket, _credentials, args) => args.value * 2);
      });
      await using tested = givenClient(given.server.url, {io: {transports: [transport]}});
      const {client, states} = tested;
      assert.equal(client.state, 'idle');
      const calls = [1, 2, 3].map(value => client.call.twice({value}));
      assert.deepEqual(await Promise.all(calls), [2, 4, 6]);
      assert.deepEqual(states, ['idle', 'connecting', 'authenticating', 'authenticated']);
      assert.equal(await client.request('twice', {value: 4}), 8);
    });
  }

  it('sends args as they are, and no options where none are given', async () => {
    const received: unknown[] = [];
    await using given = await givenServer(server => {
      server.defineMethod('note', () => undefined);
      server.onConnected(socket => {
        socket.use(([, ...args], next) => {
          received.push(args.filter(arg => typeof arg !== 'function'));
          next();
        });
      });
    });
    await using tested = givenClient(given.server.url);
    const {call} = tested.client;
    for (const args of [undefined, null, 0, '', [1], {a: Buffer.from('x')}]) {
      assert.equal(await call.note(args), undefined);
    }
    await call.note(undefined, {timeout: 5000, id: 'a'});
    await call.note(1, {signal: new AbortController().signal});
    const [$timed, $cancellable] = received.splice(6) as [any, any];
    assert.deepEqual(received, [[], [null], [0], [''], [[1]], [{a: Buffer.from('x')}]]);
    const {timeout, ...rest} = $timed[1].$call;
    assert.deepEqual([$timed[0], rest], [null, {id: 'a'}]);
    assert.ok(timeout > 4000 && timeout <= 5000);
    assert.deepEqual(Object.keys($cancellable[1].$call), ['ref']);
  });

  it('fails with what the server answers', async () => {
    const thrown: unknown[] = [
      Object.assign(new Error('No such order.'), {
        statusCode: 404,
        code: 'NO_ORDER',
        details: {order: 7},
      }),
      'plain text',
      {reason: 'an object'},
      new Error('secret'),
    ];
    await using given = await givenServer(server => {
      server.defineMethod('fail', (_socket, _credentials, at) => {
        throw thrown[at];
      });
    });
    await using tested = givenClient(given.server.url);
    const errors = await Promise.all(
      thrown.map((_, at) => tested.client.call.fail(at).catch((error: unknown) => error)),
    );
    for (const error of errors) assert.ok(error instanceof CallError && error.sent);
    assert.deepEqual(
      (errors as CallError[]).map(({statusCode, code, message, details, value}) => [
        statusCode,
        code,
        message,
        details,
        typeof value === 'string' ? value : Object.keys(value as object).sort(),
      ]),
      [
        [
          404,
          'NO_ORDER',
          'No such order.',
          {order: 7},
          ['code', 'details', 'message', 'name', 'statusCode'],
        ],
        [500, undefined, 'plain text', undefined, 'plain text'],
        [500, undefined, 'The call failed.', undefined, ['reason']],
        [500, undefined, 'Internal Server Error', undefined, ['message', 'statusCode']],
      ],
    );
    assert.deepEqual(await failureOf(tested.client.call.missing()), {
      statusCode: 404,
      code: 'METHOD_NOT_FOUND',
      sent: true,
    });
  });

  it('that cannot be sent fails, and says so', async () => {
    await using given = await givenServer();
    await using tested = givenClient(given.server.url);
    await tested.client.connect();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const [name, args] of [
      ['note', circular],
      ['note', 1n],
      ['disconnect', {}],
    ] as const) {
      const expected = {statusCode: 400, code: 'NOT_SENDABLE', sent: false};
      assert.deepEqual(await failureOf(tested.client.request(name, args)), expected);
    }
  });

  it('is answered with no Reply by a listener of the application: BAD_ANSWER', async () => {
    await using given = await givenServer(server => {
      server.onConnected(socket => socket.on('by-hand', (_args, ack) => ack('yes')));
    });
    await using tested = givenClient(given.server.url);
    assert.deepEqual(await failureOf(tested.client.call['by-hand']({})), {
      statusCode: 502,
      code: 'BAD_ANSWER',
      sent: true,
    });
  });

  it('never waits longer than its timeout, sent or not', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('slow', () => gate.opened);
    });
    await using tested = givenClient(given.server.url, {timeout: 30});
    const {client} = tested;
    await client.connect();
    const timedOut = {statusCode: 504, code: 'CALL_TIMEOUT', sent: true};
    assert.deepEqual(await failureOf(client.call.slow()), timedOut);
    assert.deepEqual(await failureOf(client.call.slow({}, {timeout: 20})), timedOut);
    assert.deepEqual(await failureOf(client.call.slow({}, {id: true})), timedOut);
    // Nothing listens there.
    await using away = givenClient('http://127.0.0.1:1', {timeout: 30});
    const unsent = {statusCode: 504, code: 'CALL_TIMEOUT', sent: false};
    assert.deepEqual(await failureOf(away.client.call.slow()), unsent);
    assert.deepEqual(await failureOf(away.client.call.slow({}, {id: true})), unsent);
    gate.open();
  });

  it('ignores an answer that comes too late', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('slow', async () => {
        await gate.opened;
        return 'late';
      });
      server.defineMethod('ping', () => 'pong');
    });
    await using tested = givenClient(given.server.url);
    const {call} = tested.client;
    await tested.client.connect();
    const slow = call.slow({}, {id: 'a', timeout: 10});
    assert.deepEqual(await failureOf(slow), {
      statusCode: 504,
      code: 'CALL_TIMEOUT',
      sent: true,
    });
    gate.open();
    assert.equal(await call.ping(), 'pong');
    // The method has gone on, and its answer is kept.
    assert.equal(await call.slow({}, {id: 'a'}), 'late');
  });

  it('is refused when 256 calls wait already', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('ping', () => 'pong');
    });
    await using tested = givenClient(given.server.url);
    const calls = Array.from({length: 257}, () => tested.client.call.ping());
    assert.deepEqual(await failureOf(calls[256]), {
      statusCode: 429,
      code: 'QUEUE_FULL',
      sent: false,
    });
    const answers = await Promise.all(calls.slice(0, 256));
    assert.deepEqual(new Set(answers), new Set(['pong']));
  });

  it('has a function for each name, the same one each time, and none for promises and JSON', async () => {
    await using tested = givenClient('http://127.0.0.1:1');
    const {call} = tested.client;
    assert.equal(call.find, call.find);
    assert.equal(await (call as unknown), call);
    assert.equal(JSON.stringify(call), '{}');
    assert.equal((call as any).then, undefined);
    assert.equal((call as any).toJSON, undefined);
    assert.equal((call as any)[Symbol.iterator], undefined);
    assert.equal(Object.prototype.toString.call(call), '[object Object]');
    for (const name of ['constructor', '__proto__', 'toString']) {
      assert.equal(typeof call[name], 'function');
    }
    assert.equal(tested.client.state, 'idle');
  });
});
