import {RestBindings} from '@loopback/rest';
import {SocketServer} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {acksOf, asksOf, givenAsker, givenTab, socketOf} from '../../helpers/askers';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {givenIo} from '../../helpers/io';
import {Queue} from '../../helpers/queue';

type Ack = (reply?: unknown) => void;

/** Lets a client answer every ask of that name. */
function answers({socket}: TestClient, event: string, reply: unknown): void {
  socket.on(event, (...args: unknown[]) => (args.at(-1) as Ack)(reply));
}

describe('an ask', () => {
  it('is settled by one answer of 100 sockets', async () => {
    await using given = await givenAsker();
    const {server} = given;
    const tabs = await Promise.all(
      Array.from({length: 100}, () => givenTab(server.url, 'ana')),
    );
    answers(tabs[70], 'confirm', {result: 70});
    const cancelled = tabs.filter((_, at) => at !== 70).map(tab => tab.next('$cancel'));
    assert.equal(await server.askUser('ana', 'confirm', 1, {cancellable: true}), 70);
    assert.equal(acksOf(given) + asksOf(given), 0);
    const ids = await Promise.all(cancelled);
    assert.equal(new Set(ids.map(({id}) => id as string)).size, 1);
    for (const tab of tabs) await tab[Symbol.asyncDispose]();
  });

  it('is made by a method, which its own client answers meanwhile', async () => {
    await using given = await givenAsker(server => {
      server.defineMethod('remove', async socket =>
        (await server.ask(socket, 'confirm', {question: 'Sure?'})) ? 'removed' : 'kept',
      );
    });
    await using tab = await givenTab(given.server.url, 'ana');
    answers(tab, 'confirm', {result: true});
    assert.deepEqual(await tab.call('remove'), {result: 'removed'});
  });

  it('that a method lets fail is answered with its error, and not logged', async () => {
    await using given = await givenAsker(server => {
      server.defineMethod('remove', (_socket, _credentials, timeout: number) =>
        server.askUser('ben', 'confirm', undefined, {timeout}),
      );
    });
    await using ana = await givenTab(given.server.url, 'ana');
    assert.deepEqual(await ana.call('remove', 10), {
      error: {
        statusCode: 404,
        name: 'AskError',
        message: 'No authenticated socket is there.',
        code: 'NOBODY_THERE',
      },
    });
    await using ben = await givenTab(given.server.url, 'ben');
    const late = await ana.call('remove', 10);
    assert.deepEqual([late.error.statusCode, late.error.code], [504, 'CALL_TIMEOUT']);
    answers(ben, 'confirm', {error: {statusCode: 409, code: 'BUSY', message: 'Later.'}});
    const busy = await ana.call('remove', 5000);
    assert.deepEqual(
      [busy.error.statusCode, busy.error.code, busy.error.message],
      [409, 'BUSY', 'Later.'],
    );
    answers(ben, 'confirm', {error: {statusCode: 500, message: 'Broken.'}});
    assert.deepEqual(given.logged, []);
  });

  it('reaches the sockets of a pattern’s namespaces', async () => {
    await using given = await givenAsker(() => undefined, {namespace: /^\/tenant-\d$/});
    const {rootUrl} = await given.app.get(RestBindings.SERVER);
    await using one = await givenTab(`${rootUrl}/tenant-1`, 'ana');
    await using two = await givenTab(`${rootUrl}/tenant-2`, 'ana');
    answers(two, 'confirm', {result: 2});
    assert.equal(await given.server.askUser('ana', 'confirm'), 2);
    await one.next('confirm');
    answers(one, 'position', {result: 1});
    answers(two, 'position', {result: 2});
    const results: unknown[] = [];
    for await (const {result} of given.server.askRoom('all', 'position'))
      results.push(result);
    assert.deepEqual(results.sort(), [1, 2]);
  });

  it('reaches recovered sockets once, and nothing is asked of those that are away', async () => {
    await using given = await givenAsker(undefined, undefined, {
      component: {io: {connectionStateRecovery: {}}},
    });
    const {server} = given;
    await using tab = await givenTab(server.url, 'ana', {reconnectionDelay: 1});
    const asked = new Queue<unknown>();
    tab.socket.on('confirm', (args: unknown, ack: Ack) => {
      asked.push(args);
      if (args !== 1) ack({result: args});
    });
    const cut = server.askUser('ana', 'confirm', 1);
    assert.equal(await asked.next(), 1);
    tab.socket.io.engine.close();
    await assert.rejects(cut, {code: 'CLIENT_GONE'});
    await tab.next('disconnect');
    tab.socket.once('connect', () => tab.socket.emit('authentication', {id: 'ana'}));
    await assert.rejects(server.askUser('ana', 'confirm', 2), {code: 'NOBODY_THERE'});
    await tab.next('authenticated');
    assert.equal(await server.askUser('ana', 'confirm', 3), 3);
    assert.deepEqual(await asked.next(), 3);
  });

  it('serves a socket.io server of the application, whose ack ids go on', async () => {
    await using own = await givenIo();
    await using given = await givenAsker(undefined, {}, {start: false});
    given.server.start(own.io);
    await using tab = await givenTab(own.url, 'ana');
    answers(tab, 'confirm', {result: 'yes'});
    answers(tab, 'old', 'plain');
    const [socket] = await own.io.fetchSockets();
    assert.equal(await socket.timeout(5000).emitWithAck('old'), 'plain');
    assert.equal(await given.server.ask(socket, 'confirm'), 'yes');
    assert.deepEqual(await own.io.timeout(5000).emitWithAck('old'), ['plain']);
    await given.server.stop();
  });

  it('is refused for a socket of another server', async () => {
    await using given = await givenAsker(
      undefined,
      {},
      {
        servers: {other: {anonymous: true}},
        setup: app => void SocketServer.get(app, 'other'),
      },
    );
    await using tab = await givenAuthenticated(given.get('other').url);
    const socket = given.get('other').io.sockets.get(tab.socket.id ?? '');
    assert.ok(socket);
    await assert.rejects(
      given.server.ask(socket, 'confirm'),
      /not a socket of this server/,
    );
  });

  it('shows in socket.onAnyOutgoing, whose listener may end the socket', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana');
    const socket: Socket = socketOf(given, tab);
    const seen = new Queue<unknown>();
    socket.onAnyOutgoing((...event: unknown[]) => {
      seen.push(event);
      socket.disconnect();
    });
    await assert.rejects(given.server.ask(socket, 'confirm', 1), {code: 'CLIENT_GONE'});
    assert.deepEqual(await seen.next(), ['confirm', 1]);
    assert.equal(await tab.next('disconnect'), 'io server disconnect');
    assert.deepEqual(tab.names.includes('confirm'), false);
  });

  it('whose args have too many attachments is refused, and disturbs nobody', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana');
    const many = Array.from({length: 11}, () => Buffer.from('x'));
    await assert.rejects(given.server.askUser('ana', 'confirm', many), /cannot be sent/);
    assert.equal(given.logged.length, 1);
    assert.equal(acksOf(given) + asksOf(given), 0);
    answers(tab, 'confirm', {result: 1});
    assert.equal(await given.server.askUser('ana', 'confirm', many.slice(1)), 1);
  });

  it('does not last longer than a renewal that is refused', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana');
    const socket = socketOf(given, tab);
    const ask = given.server.ask(socket, 'confirm');
    await tab.next('confirm');
    const left = once(socket, 'disconnect');
    tab.socket.emit('authentication', {id: 'ben'});
    await assert.rejects(ask, {code: 'CLIENT_GONE'});
    await left;
  });
});
