import assert from 'node:assert/strict';
import {it} from 'node:test';
import type {Socket} from 'socket.io';
import {once} from '../helpers/awaited';
import type {TestClient} from '../helpers/client';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

/** Keeps a client from closing a transport that carries no namespace any more. */
function keepTransport({socket}: TestClient): void {
  socket.io._destroy = () => undefined;
}

describeSection('Life of a connection', options => {
  it('goes from credentials to handlers to `authenticated` to calls that waited', async () => {
    const steps: string[] = [];
    const ended = new Gate();
    await using given = await givenServer(server => {
      server.auth(async () => {
        await Promise.resolve();
        steps.push('auth');
        return true;
      });
      for (const name of ['first', 'second']) {
        server.onConnected(async (socket: Socket) => {
          steps.push(`${name} connected`);
          await Promise.resolve();
          socket.emit(name);
        });
        server.onDisconnected(async () => {
          steps.push(`${name} disconnected`);
          await Promise.resolve();
          if (name === 'second') ended.open();
        });
      }
      server.defineMethod('method', () => steps.push('method'));
    });
    await using client = givenClient(given.server.url, options);
    const acks: string[] = [];
    client.socket.emit('authentication', {}, () =>
      acks.push(`ack after ${client.names.at(-1)}`),
    );
    await client.call('method');
    client.socket.disconnect();
    await ended.opened;
    assert.deepEqual(client.names.slice(0, 4), [
      'connect',
      'first',
      'second',
      'authenticated',
    ]);
    assert.deepEqual(acks, ['ack after authenticated']);
    assert.deepEqual(steps, [
      'auth',
      'first connected',
      'second connected',
      'method',
      'first disconnected',
      'second disconnected',
    ]);
  });

  it('runs disconnected handlers only after connected ones have settled', async () => {
    const steps: string[] = [];
    const entered = new Gate();
    const gate = new Gate();
    const ended = new Gate();
    await using given = await givenServer(server => {
      server.onConnected(async () => {
        entered.open();
        await gate.opened;
        steps.push('connected');
      });
      server.onDisconnected(() => {
        steps.push('disconnected');
        ended.open();
      });
    });
    const client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    await entered.opened;
    await client[Symbol.asyncDispose]();
    await using other = givenClient(given.server.url, options);
    await other.call('unknown');
    gate.open();
    await ended.opened;
    assert.equal(steps[0], 'connected');
    assert.equal(steps.filter(step => step === 'disconnected').length, 1);
  });

  it('runs disconnected handlers when a connected one failed, not when authentication did', async () => {
    const gone: string[] = [];
    const ended = new Gate();
    await using given = await givenServer(server => {
      server.onConnected(() => {
        throw 'not today';
      });
      server.onDisconnected(({id}: Socket) => {
        gone.push(id);
        ended.open();
      });
    });
    await using refused = givenClient(given.server.url, options);
    refused.socket.emit('authentication', {token: 'bad'});
    await refused.next('disconnect');
    await using client = givenClient(given.server.url, options);
    await client.next('connect');
    const {id} = client.socket;
    client.socket.emit('authentication', {token: 'ok'});
    await client.next('disconnect');
    await ended.opened;
    assert.deepEqual(gone, [id]);
  });

  it('ends with the transport when no namespace is left, after `unauthorized`', async () => {
    await using given = await givenServer();
    await using client = givenClient(given.server.url, options);
    keepTransport(client);
    await client.next('connect');
    const closed = once(client.socket.io.engine as never, 'close');
    client.socket.emit('authentication', {token: 'bad'});
    await closed;
    assert.equal(client.names.includes('unauthorized'), true);
  });

  it('ends with the transport when the client leaves its only namespace', async () => {
    await using given = await givenServer();
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    keepTransport(client);
    const closed = once(client.socket.io.engine as never, 'close');
    client.socket.disconnect();
    await closed;
  });
});

describeFrames('Life of a connection', () => {
  it('has one answer for a call in each state', async () => {
    const gate = new Gate();
    const entered = new Gate();
    await using given = await givenServer(server => {
      server.auth(async () => {
        entered.open();
        await gate.opened;
        return true;
      });
      server.defineMethod('ping', () => 'pong');
    });
    await using client = await RawClient.join(given.server.url);
    await client.send('421["ping"]');
    assert.equal(
      ((await client.answerTo(1)) as {error: {statusCode: number}}).error.statusCode,
      401,
    );
    await client.send('42["authentication"]', '422["ping"]');
    await entered.opened;
    gate.open();
    assert.equal(await client.next(), '42["authenticated",true]');
    assert.deepEqual(await client.answerTo(2), {result: 'pong'});
    await client.send('423["ping"]');
    assert.deepEqual(await client.answerTo(3), {result: 'pong'});
  });
});
