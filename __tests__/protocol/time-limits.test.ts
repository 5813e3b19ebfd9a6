import assert from 'node:assert/strict';
import {inject} from '@loopback/core';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {it} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {Socket, SocketServerOptions} from 'loopback4-socket';
import {once} from '../helpers/awaited';
import {givenAuthenticated} from '../helpers/client';
import {remainsOf} from '../helpers/endpoint-remains';
import {Gate} from '../helpers/gate';
import {Queue} from '../helpers/queue';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const timedOut = (timeout: number) => ({
  error: {
    statusCode: 504,
    name: 'Gateway Time-out',
    message: `Not answered within ${timeout} ms.`,
    code: 'CALL_TIMEOUT',
  },
});
const OFTEN = 2 ** 31 - 1;

/** An HTTP server that answers nothing. */
async function givenHangingServer() {
  const server = createServer(() => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describeSection('Time limits', options => {
  const signals = new Queue<AbortSignal>();
  const late = new Gate();

  class SlowController {
    @socketMethod('slow')
    async slow(
      _socket: Socket,
      _credentials: unknown,
      args: {answer?: string; fail?: boolean} | undefined,
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      signals.push(signal);
      if (args?.answer) return args.answer;
      await late.opened;
      if (args?.fail) throw new Error('late');
      return 'late';
    }
  }

  const given = (callTimeout: number | false, more: SocketServerOptions = {}) =>
    givenServer(undefined, {callTimeout, ...more}, {controllers: [SlowController]});

  it('a call that takes longer is answered, and its signal is aborted', async () => {
    await using app = await given(20);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    assert.deepEqual(await client.call('slow'), timedOut(20));
    const signal = await signals.next();
    assert.equal(signal.aborted, true);
    assert.equal((signal.reason as {code: string}).code, 'CALL_TIMEOUT');
    assert.deepEqual(app.logged, []);
  });

  it('a call that waits for a guard is answered in time, and not run later', async () => {
    const gate = new Gate();
    await using app = await given(20);
    app.server.io.on('connection', socket => {
      socket.use(([name], next) => {
        if (name === 'slow') void gate.opened.then(() => next());
        else next();
      });
    });
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    assert.deepEqual(await client.call('slow', {answer: 'never'}), timedOut(20));
    gate.open();
    await client.call('none');
    assert.equal(signals.size, 0);
  });

  it('a call that waits for the limiter is answered in time', async () => {
    const limiter = {consume: () => new Promise<never>(() => undefined)};
    await using app = await given(20, {callLimiter: {limiter}});
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    assert.deepEqual(await client.call('slow', {answer: 'never'}), timedOut(20));
  });

  it('a repeated call is answered in time, and the first one goes on', async () => {
    await using app = await given(false, {userId: () => 'someone'});
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    const gate = new Gate();
    let runs = 0;
    app.server.defineMethod('held', async () => {
      await gate.opened;
      return ++runs;
    });
    const call = (options: object) =>
      client.call('held', {}, {$call: {id: 'x', ...options}});
    const first = call({});
    assert.deepEqual(await call({timeout: 20}), timedOut(20));
    gate.open();
    assert.deepEqual(await first, {result: 1});
    assert.deepEqual(await call({}), {result: 1});
  });

  it('a client may ask for a shorter limit, and for no longer one', async () => {
    await using app = await given(50);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    const shorter = await client.call('slow', {}, {$call: {timeout: 10}});
    assert.deepEqual(shorter, timedOut(10));
    const longer = await client.call('slow', {}, {$call: {timeout: OFTEN}});
    assert.deepEqual(longer, timedOut(50));
    for (const signal of [await signals.next(), await signals.next()])
      assert.ok(signal.aborted);
  });

  it('a client may ask for a limit where there is none', async () => {
    await using app = await given(false);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    const answer = await client.call('slow', {}, {$call: {timeout: 10}});
    assert.deepEqual(answer, timedOut(10));
    assert.ok((await signals.next()).aborted);
  });

  it('what is no number above 0 is answered 400, and the method does not run', async () => {
    await using app = await given(false);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    for (const timeout of [0, -1, '5', null, {}, true]) {
      const answer = await client.call('slow', {}, {$call: {timeout}});
      assert.deepEqual(answer, {
        error: {
          statusCode: 400,
          name: 'BadRequestError',
          message: 'The timeout of a call must be a number of ms above 0.',
        },
      });
    }
    assert.equal(signals.size, 0);
    assert.deepEqual(app.logged, []);
  });

  it('what is longer than any timer is no limit', async () => {
    await using app = await given(false);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    for (const timeout of [1e300, OFTEN + 1]) {
      const args = {answer: 'in time'};
      const answer = await client.call('slow', args, {$call: {timeout}});
      assert.deepEqual(answer, {result: 'in time'});
      assert.ok(!(await signals.next()).aborted);
    }
  });

  it('a call in time is answered, and its signal is not aborted', async () => {
    await using app = await given(OFTEN);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    const answer = await client.call('slow', {answer: 'in time'});
    assert.deepEqual(answer, {result: 'in time'});
    assert.equal((await signals.next()).aborted, false);
  });

  it('what comes later is ignored', async () => {
    await using app = await given(20);
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    let answers = 0;
    const answered = new Gate();
    for (const args of [{}, {fail: true}]) {
      client.socket.emit('slow', args, () => {
        answers++;
        if (answers === 2) answered.open();
      });
    }
    await answered.opened;
    await signals.next();
    await signals.next();
    late.open();
    const answer = await client.call('slow', {answer: 'next'});
    assert.deepEqual(answer, {result: 'next'});
    await signals.next();
    assert.equal(answers, 2);
    const causes = app.logged.map(([error]) => (error as Error).message);
    assert.deepEqual(causes, ['late']);
  });

  /** Ways in which a method stops when its signal is aborted. */
  const STOPS: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
    'with the reason': signal =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
    'as functions of Node’s do': signal => sleep(60_000, undefined, {signal}),
    'as fetch does': async signal => {
      await using hanging = await givenHangingServer();
      await fetch(hanging.url, {signal});
    },
  };
  for (const [title, stop] of Object.entries(STOPS)) {
    it(`a method that fails ${title} because its signal is aborted is not logged`, async () => {
      const entered = new Queue<void>();
      const ended = new Queue<void>();
      class ObedientController {
        @socketMethod('obey')
        async obey(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
          entered.push();
          await stop(signal).finally(() => ended.push());
        }
      }
      await using app = await givenServer(
        server => server.defineMethod('next', () => 'next'),
        {callTimeout: 500},
        {controllers: [ObedientController]},
      );
      await using client = await givenAuthenticated(app.server.url, undefined, options);
      assert.deepEqual(await client.call('obey'), timedOut(500));
      await ended.next();
      await using leaving = await givenAuthenticated(app.server.url, undefined, options);
      await entered.next();
      leaving.socket.emit('obey');
      await entered.next();
      leaving.socket.disconnect();
      await ended.next();
      assert.deepEqual(await client.call('next'), {result: 'next'});
      assert.deepEqual(app.logged, []);
      assert.equal(remainsOf(app.server).running, 0);
    });
  }

  it('a method that fails otherwise after its signal was aborted is logged', async () => {
    class SloppyController {
      @socketMethod('fail')
      async fail(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        await STOPS['with the reason'](signal).catch(() => undefined);
        throw new Error('sloppy');
      }
    }
    await using app = await givenServer(
      server => server.defineMethod('next', () => 'next'),
      {callTimeout: 20},
      {controllers: [SloppyController]},
    );
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    assert.deepEqual(await client.call('fail'), timedOut(20));
    await client.call('next');
    assert.deepEqual(
      app.logged.map(([error]) => (error as Error).message),
      ['sloppy'],
    );
  });

  it('the signal is aborted when the socket is gone', async () => {
    for (const timeout of [false, OFTEN] as const) {
      const hanging = new Queue<AbortSignal>();
      const never = new Promise<void>(() => undefined);
      class HangingController {
        @socketMethod('hang')
        async hang(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
          hanging.push(signal);
          await never;
        }
      }
      await using app = await givenServer(
        () => undefined,
        {callTimeout: timeout},
        {controllers: [HangingController], component: {drainTimeout: 0}},
      );
      await using client = await givenAuthenticated(app.server.url, undefined, options);
      client.socket.emit('hang');
      const signal = await hanging.next();
      assert.equal(signal.aborted, false);
      const aborted = new Gate();
      signal.addEventListener('abort', () => aborted.open());
      client.socket.disconnect();
      await aborted.opened;
    }
  });
});
