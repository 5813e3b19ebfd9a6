import {securityId} from '@loopback/security';
import type {Socket} from 'loopback4-socket';
import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {describe, it, mock} from 'node:test';
import {once} from '../../__tests__/helpers/awaited';
import {Gate} from '../../__tests__/helpers/gate';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {givenClient, TRANSPORTS} from './helpers/client';
import type {GivenClient} from './helpers/client';

/** A server and a client that are connected, and the server's socket. */
async function givenPair(
  transport = 'websocket',
): Promise<GivenClient & {socket: Socket; drop(): void}> {
  const given = await givenServer(server => server.defineMethod('ping', () => 'pong'));
  const one = givenClient(given.server.url, {io: {transports: [transport]}});
  await one.client.connect();
  const [socket] = given.server.io.sockets.values();
  return {
    ...one,
    socket,
    drop: () => {
      for (const {conn} of given.server.io.sockets.values()) conn.close();
    },
    [Symbol.asyncDispose]: async () => {
      await one[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  };
}

const NOBODY = {
  error: {
    statusCode: 404,
    code: 'METHOD_NOT_FOUND',
    message: 'The client has no answer to this.',
  },
};

for (const transport of TRANSPORTS) {
  describe(`A question over ${transport}`, () => {
    it('gets the result of its handler', async () => {
      await using pair = await givenPair(transport);
      pair.client.answer('double', ({value}) => value * 2);
      pair.client.answer('later', async ({value}) => [await value]);
      pair.client.answer('nothing', args => args);
      assert.deepEqual(await pair.socket.emitWithAck('double', {value: 4}), {result: 8});
      assert.deepEqual(await pair.socket.emitWithAck('later', {value: 4}), {result: [4]});
      assert.deepEqual(await pair.socket.emitWithAck('nothing'), {});
    });

    it('gets an error of the asker as it is, and nothing of any other', async () => {
      await using pair = await givenPair(transport);
      const errors = [
        new CallError({statusCode: 422, code: 'NO', message: 'No.', details: [1]}),
        Object.assign(new Error('Never.'), {statusCode: 403}),
      ];
      const secrets = [
        new Error('secret'),
        Object.assign(new Error('secret'), {statusCode: 503, code: 'SECRET'}),
        'secret',
        null,
      ];
      const all = [...errors, ...secrets];
      const printed = mock.method(console, 'error', () => undefined);
      pair.client.answer('fail', async at => {
        throw all[at];
      });
      const answers: unknown[] = [];
      for (const at of all.keys())
        answers.push((await pair.socket.emitWithAck('fail', at)).error);
      printed.mock.restore();
      assert.deepEqual(answers.slice(0, 2), [
        {statusCode: 422, code: 'NO', message: 'No.'},
        {statusCode: 403, message: 'Never.'},
      ]);
      for (const answer of answers.slice(2))
        assert.deepEqual(answer, {
          statusCode: 500,
          message: 'The client has failed to answer.',
        });
      const shown = printed.mock.calls.map(call => call.arguments[0]);
      assert.deepEqual(shown, secrets);
    });

    it('with an answer that cannot be sent gets an error', async () => {
      await using pair = await givenPair(transport);
      const circular: unknown[] = [];
      circular.push(circular);
      const values = [circular, 1n, {of: Array(11).fill(Buffer.from('a'))}];
      const printed = mock.method(console, 'error', () => undefined);
      pair.client.answer('tell', at => values[at]);
      for (const at of values.keys())
        assert.equal((await pair.socket.emitWithAck('tell', at)).error.statusCode, 500);
      printed.mock.restore();
      assert.equal(printed.mock.callCount(), 3);
      assert.equal(await pair.client.call.ping(), 'pong');
    });

    it('without a handler is answered 404, and one that has ended', async () => {
      await using pair = await givenPair(transport);
      assert.deepEqual(await pair.socket.emitWithAck('confirm', {}), NOBODY);
      const stop = pair.client.answer('confirm', () => true);
      assert.deepEqual(await pair.socket.emitWithAck('confirm', {}), {result: true});
      stop();
      assert.deepEqual(await pair.socket.emitWithAck('confirm', {}), NOBODY);
    });
  });
}

describe('A question', () => {
  it('is no ordinary event', async () => {
    await using pair = await givenPair();
    const asked = new Queue<unknown>();
    const heard = new Queue<unknown>();
    pair.client.answer('confirm', args => asked.push(args));
    pair.client.on('said', text => heard.push(text));
    pair.socket.emit('confirm', 'no ack');
    pair.socket.emit('unknown', 'no listener');
    pair.socket.emit('said', 'Hello');
    assert.equal(await heard.next(), 'Hello');
    assert.equal(asked.size, 0);
    // An event with a listener is the application's own, whatever the server expects.
    let answered = false;
    pair.socket.emit('said', 'again', () => (answered = true));
    assert.equal(await heard.next(), 'again');
    assert.equal(await pair.client.call.ping(), 'pong');
    assert.equal(answered, false);
  });

  it('that the server cancels aborts the signal of its handler, and no other one', async () => {
    await using pair = await givenPair();
    const signals = new Queue<AbortSignal>();
    const gate = new Gate();
    pair.client.answer('confirm', async (_args, {signal}) => {
      signals.push(signal);
      await gate.opened;
      return 'late';
    });
    const acks = new Queue<unknown>();
    const ask = (id: string) =>
      pair.socket.emit('confirm', {}, {$call: {id}}, (ack: unknown) =>
        acks.push([id, ack]),
      );
    ask('a');
    ask('b');
    const [a, b] = [await signals.next(), await signals.next()];
    const aborted = once(a, 'abort');
    pair.socket.emit('$cancel', {id: 'a'});
    await aborted;
    assert.equal(b.aborted, false);
    gate.open();
    assert.deepEqual(await acks.next(), ['b', {result: 'late'}]);
    assert.equal(acks.size, 0);
  });

  it('to a user is answered by the first client, and the others are told', async () => {
    await using given = await givenServer(server => {
      server.auth(() => ({[securityId]: 'ana'}));
    });
    await using one = givenClient(given.server.url);
    await using other = givenClient(given.server.url);
    await Promise.all([one.client.connect(), other.client.connect()]);
    const aborted = new Queue<unknown>();
    one.client.answer('confirm', async (_args, {signal}) => {
      await once(signal, 'abort');
      aborted.push(signal.aborted);
    });
    other.client.answer('confirm', ({question}) => question);
    const args = {question: 'Delete all?'};
    const first = given.server.askUser('ana', 'confirm', args, {cancellable: true});
    assert.equal(await first, 'Delete all?');
    assert.equal(await aborted.next(), true);
    // A client without an answer leaves the question to the other.
    one.client.answer('where', () => 'here');
    assert.equal(await given.server.askUser('ana', 'where'), 'here');
    other.client.answer('refuse', () => {
      throw new CallError({statusCode: 403, code: 'NEVER', message: 'Never.'});
    });
    const refused = given.server.askUser('ana', 'refuse', args);
    await assert.rejects(refused, {statusCode: 403, code: 'NEVER', message: 'Never.'});
  });

  it('whose connection is lost is not answered over the next one', async () => {
    await using pair = await givenPair();
    const signals = new Queue<AbortSignal>();
    const gate = new Gate();
    const done = new Gate();
    pair.client.answer('confirm', async (_args, {signal}) => {
      signals.push(signal);
      await gate.opened;
      setImmediate(done.open);
      return true;
    });
    pair.socket.emit('confirm', {}, () => assert.fail('answered'));
    const signal = await signals.next();
    pair.drop();
    await pair.until('disconnected');
    assert.equal(signal.aborted, true);
    await pair.client.connect();
    gate.open();
    await done.opened;
    assert.equal(await pair.client.call.ping(), 'pong');
  });
});
