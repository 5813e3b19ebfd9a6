import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {inject} from '@loopback/core';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {RateLimiter, SocketServer, SocketServerOptions} from 'loopback4-socket';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {followController} from '../helpers/follow-controller';
import {Gate} from '../helpers/gate';
import {Queue} from '../helpers/queue';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const CANCELLED = {
  error: {
    statusCode: 499,
    message: 'The client has cancelled the call.',
    name: 'ClientClosedRequestError',
    code: 'CALL_CANCELLED',
  },
};

const NO_CALL = {result: false};

/** Signals of the calls that run. */
const started = new Queue<AbortSignal>();
const release = new Gate();

class CancelledController extends followController(started) {
  @socketMethod()
  async ignore(
    _socket: unknown,
    _credentials: unknown,
    _args: unknown,
    @inject(SocketBindings.SIGNAL) signal: AbortSignal,
  ) {
    started.push(signal);
    await release.opened;
    return 'done';
  }
}

const given = (
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
) =>
  givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      define(server);
    },
    options,
    {controllers: [CancelledController]},
  );

const ref = (name: string) => ({$call: {ref: name}});

describeSection('$cancel', options => {
  it('aborts the signal of a method, and its call is answered 499', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const call = client.call('follow', null, ref('a'));
    const signal = await started.next();
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await call, CANCELLED);
    assert.equal(signal.aborted, true);
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), NO_CALL);
    assert.deepEqual(app.logged, []);
  });

  it('counts a method that goes on as in flight until it ends', async () => {
    await using app = await given({maxCallsInFlight: 1});
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const call = client.call('ignore', null, ref('a'));
    await started.next();
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await call, CANCELLED);
    assert.equal((await client.call('ping')).error.code, 'TOO_MANY_REQUESTS');
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), NO_CALL);
  });

  it('leaves other calls alone', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    await using other = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const calls = ['a', 'b'].map(name => client.call('follow', null, ref(name)));
    await started.next();
    await started.next();
    assert.deepEqual(await other.call('$cancel', {ref: 'a'}), NO_CALL);
    assert.deepEqual(await client.call('$cancel', {ref: 'c'}), NO_CALL);
    assert.deepEqual(await client.call('$cancel', {ref: 'b'}), {result: true});
    assert.deepEqual(await calls[1], CANCELLED);
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await calls[0], CANCELLED);
  });

  it('ends a call that waits for authentication, which never runs', async () => {
    const gate = new Gate();
    const ran: unknown[] = [];
    await using app = await givenServer(server => {
      server.auth(async () => {
        await gate.opened;
        return true;
      });
      server.defineMethod('note', (_socket, _credentials, args) => ran.push(args));
    });
    await using client = givenClient(app.server.url, options);
    client.socket.emit('authentication', {});
    const calls = ['a', 'b'].map(name => client.call('note', name, ref(name)));
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await calls[0], CANCELLED);
    gate.open();
    assert.deepEqual(await calls[1], {result: 1});
    assert.deepEqual(ran, ['b']);
  });

  it('ends a call that waits for a guard, which never runs', async () => {
    const gate = new Gate();
    const ran: unknown[] = [];
    await using app = await given({}, server => {
      server.onConnected(socket => {
        socket.use(([event], next) => {
          assert.notEqual(event, '$cancel');
          void gate.opened.then(() => next());
        });
      });
      server.defineMethod('note', (_socket, _credentials, args) => ran.push(args));
    });
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const calls = ['a', 'b'].map(name => client.call('note', name, ref(name)));
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await calls[0], CANCELLED);
    gate.open();
    assert.deepEqual(await calls[1], {result: 1});
    assert.deepEqual(ran, ['b']);
  });

  it('ends a call that waits for the limiter, and uses none of its points', async () => {
    const gate = new Gate();
    let points = 0;
    const limiter: RateLimiter = {
      consume: () => {
        points++;
        return gate.opened;
      },
    };
    const ran: unknown[] = [];
    await using app = await given({callLimiter: {limiter}}, server => {
      server.defineMethod('note', (_socket, _credentials, args) => ran.push(args));
    });
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const calls = ['a', 'b'].map(name => client.call('note', name, ref(name)));
    assert.deepEqual(await client.call('$cancel', {ref: 'a'}), {result: true});
    assert.deepEqual(await calls[0], CANCELLED);
    gate.open();
    assert.deepEqual(await calls[1], {result: 1});
    assert.deepEqual(ran, ['b']);
    assert.equal(points, 2);
  });

  it('by id ends the call for all sockets that wait for it, and its answer is kept', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    await using away = await givenAuthenticated(app.server.url, {id: '1'}, options);
    await using stranger = await givenAuthenticated(app.server.url, {id: '2'}, options);
    const body = {method: 'follow', id: 'x'};
    const call = client.call('follow', null, {$call: {id: 'x'}});
    const signal = await started.next();
    const repeated = away.call('follow', null, {$call: {id: 'x', ref: 'r'}});
    await away.call('ping');
    assert.deepEqual(await stranger.call('$cancel', body), NO_CALL);
    assert.deepEqual(await away.call('$cancel', body), {result: true});
    assert.deepEqual(await call, CANCELLED);
    assert.deepEqual(await repeated, CANCELLED);
    assert.equal(signal.aborted, true);
    assert.deepEqual(await client.call('follow', null, {$call: {id: 'x'}}), CANCELLED);
    assert.deepEqual(await client.call('$cancel', body), NO_CALL);
  });

  it('by ref of a repeated call ends only the wait of its socket', async () => {
    await using app = await given();
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    await using away = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const call = client.call('follow', null, {$call: {id: 'x'}});
    const signal = await started.next();
    const repeated = away.call('follow', null, {$call: {id: 'x', ref: 'r'}});
    assert.deepEqual(await away.call('$cancel', {ref: 'r'}), {result: true});
    assert.deepEqual(await repeated, CANCELLED);
    assert.equal(signal.aborted, false);
    const body = {method: 'follow', id: 'x'};
    assert.deepEqual(await client.call('$cancel', body), {result: true});
    assert.deepEqual(await call, CANCELLED);
  });

  it('by id ends a call whose socket is gone', async () => {
    await using app = await given();
    await using lost = await givenAuthenticated(app.server.url, {id: '1'}, options);
    lost.socket.emit('follow', null, {$call: {id: 'x'}});
    const signal = await started.next();
    await lost[Symbol.asyncDispose]();
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const body = {method: 'follow', id: 'x'};
    assert.deepEqual(await client.call('$cancel', body), {result: true});
    assert.equal(signal.aborted, true);
    assert.deepEqual(await client.call('follow', null, {$call: {id: 'x'}}), CANCELLED);
  });

  it('is refused with another payload, and before authentication', async () => {
    await using app = await given();
    await using early = givenClient(app.server.url, options);
    assert.equal((await early.call('$cancel', {ref: 'a'})).error.statusCode, 401);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    for (const body of [undefined, 'a', {}, {ref: 1}, {method: 'follow'}, {id: 'x'}]) {
      assert.equal((await client.call('$cancel', body)).error.statusCode, 400);
    }
    const prohibited = JSON.parse('{"ref":"a","__proto__":1}');
    assert.equal((await client.call('$cancel', prohibited)).error.statusCode, 400);
    assert.equal((await client.call('$cancel', {ref: 'a'}, 1)).error.statusCode, 400);
    assert.equal((await client.call('$other')).error.code, 'METHOD_NOT_FOUND');
    for (const bad of [1, 'x'.repeat(129), null]) {
      const {error} = await client.call('ping', null, {$call: {ref: bad}});
      assert.equal(error.statusCode, 400);
    }
    assert.deepEqual(await client.call('ping', null, ref('x'.repeat(128))), {
      result: 'pong',
    });
  });
});
