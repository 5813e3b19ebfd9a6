import assert from 'node:assert/strict';
import {it} from 'node:test';
import {securityId} from '@loopback/security';
import {withCall} from 'loopback4-socket';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {AppOptions} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {ClientOptions, TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {remainsOf, uploadsOf} from '../helpers/endpoint-remains';
import {LiveObjects} from '../helpers/remains';
import {Queue} from '../helpers/queue';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';
import {
  givenChunks,
  hashOf,
  SeenUploads,
  sendFrom,
  uploadController,
  uploading,
} from '../helpers/uploads';

async function given(
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
  appOptions: AppOptions = {},
) {
  const seen = new SeenUploads();
  const app = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      define(server);
    },
    options,
    {...appOptions, controllers: [uploadController(seen)]},
  );
  const left = new Queue<string>();
  app.server.io.on('connection', socket =>
    socket.on('disconnect', reason => left.push(reason)),
  );
  const join = (clientOptions: ClientOptions, id?: string) =>
    givenAuthenticated(app.server.url, {id}, {reconnection: false, ...clientOptions});
  return {app, seen, join, left, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]()};
}

/** Cuts the connection of a client, whose answers are lost. */
function cut({socket}: TestClient): void {
  socket.io.engine.close();
}

/** Sends a packet whose answer may be lost. */
function send(client: TestClient, ref: string, at: number, items: unknown[]): void {
  client.socket.emit('$send', {ref, at, items}, () => undefined);
}

const CHUNKS = givenChunks(32, 4096);
const ALL = {result: {items: CHUNKS.length, hash: hashOf(CHUNKS)}};
const KEPT = (ref: string) => uploading(ref, 'p1');

const refusal = ({error}: {error?: any}) => [error.statusCode, error.code];

describeSection('Uploads', options => {
  it('carry 20 MB within the limits of a message', async () => {
    await using app = await given();
    await using client = await app.join(options);
    const chunks = givenChunks(640, 32 * 1024);
    const reply = client.call('photo', null, uploading('u'));
    assert.equal(await sendFrom(client, 'u', chunks), undefined);
    assert.deepEqual(await reply, {result: {items: 640, hash: hashOf(chunks)}});
  });

  it('of one socket do not mix', async () => {
    await using app = await given();
    await using client = await app.join(options);
    const replies = ['u', 'v'].map(ref => client.call('photo', null, uploading(ref)));
    const others = CHUNKS.slice(5);
    await Promise.all([sendFrom(client, 'u', CHUNKS), sendFrom(client, 'v', others)]);
    const [one, other] = await Promise.all(replies);
    assert.deepEqual(one, ALL);
    assert.deepEqual(other.result.hash, hashOf(others));
  });

  it('need a ref of their own, and a method that takes items', async () => {
    await using app = await given();
    await using client = await app.join(options);
    const reply = client.call('list', null, uploading('u'));
    for (const [name, callOptions] of [
      ['list', uploading('u')],
      ['list', {$call: {upload: true}}],
      ['list', {$call: {ref: 'v', upload: 'yes'}}],
      ['ping', uploading('v')],
      ['list', undefined],
      ['list', {$call: {ref: 'v', upload: false}}],
    ] as const) {
      const {error} = await client.call(
        name,
        null,
        ...(callOptions ? [callOptions] : []),
      );
      assert.equal(error.statusCode, 400, JSON.stringify([name, callOptions]));
    }
    await client.call('$send', {ref: 'u', at: 0, items: [1], done: true});
    assert.deepEqual(await reply, {result: [1]});
    assert.deepEqual(await client.call('optional'), {result: 'no upload'});
    const withUpload = await client.call('optional', null, uploading('v'));
    assert.deepEqual(withUpload, {result: 'an upload'});
    assert.deepEqual(app.app.logged, []);
  });

  it('end when the method answers early, or fails', async () => {
    await using app = await given();
    await using client = await app.join(options);
    const early = client.call('first', null, uploading('u'));
    const first = await sendFrom(client, 'u', CHUNKS);
    assert.deepEqual(refusal(first!), [410, 'UPLOAD_GONE']);
    assert.deepEqual(await early, {result: CHUNKS[0]});
    const failed = client.call('refuse', null, uploading('u'));
    const second = await sendFrom(client, 'u', CHUNKS);
    assert.deepEqual(refusal(second!), [410, 'UPLOAD_GONE']);
    assert.equal((await failed).error.statusCode, 422);
  });

  it('go on while the method streams', async () => {
    await using app = await given();
    await using client = await app.join(options);
    const {stream} = (await client.call('echo', null, uploading('u'))) as {
      stream?: string;
    };
    for (let got = 0; got < 3; got++) {
      const sent = client.call('$send', {ref: 'u', at: got, items: [got]});
      const {result} = await client.call('$next', {stream, got});
      assert.deepEqual(result.items, [got]);
      assert.deepEqual(await sent, {result: {got: got + 1}});
    }
    await client.call('$stop', {stream});
    const late = await client.call('$send', {ref: 'u', at: 3, items: [3]});
    assert.deepEqual(refusal(late), [410, 'UPLOAD_GONE']);
  });

  it('of a method that streams go on after a lost connection', async () => {
    await using app = await given();
    const lost = await app.join(options, '1');
    const {stream} = (await lost.call('echo', null, KEPT('u'))) as {stream?: string};
    send(lost, 'u', 0, ['a']);
    assert.deepEqual((await lost.call('$next', {stream, got: 0})).result.items, ['a']);
    cut(lost);
    await app.left.next();
    await using client = await app.join(options, '1');
    assert.deepEqual(await client.call('echo', null, KEPT('v')), {stream});
    const {result} = await client.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(result, {got: 1});
    client.socket.emit('$send', {ref: 'v', at: 1, items: ['b'], done: true});
    const next = await client.call('$next', {stream, got: 1});
    assert.deepEqual(next.result.items, ['b']);
    const end = await client.call('$next', {stream, got: 2});
    assert.deepEqual(end.result, {at: 2, items: [], done: true});
  });

  it('of a method that streams throw when nothing comes in time', async () => {
    await using app = await given({streamTimeout: 100});
    await using client = await app.join(options);
    const {stream} = (await client.call('echo', null, uploading('u'))) as {
      stream?: string;
    };
    const answer = await client.call('$next', {stream, got: 0});
    assert.deepEqual(refusal(answer), [504, 'CALL_TIMEOUT']);
  });

  it('are read by handlers that are added by hand', async () => {
    await using app = await given({}, server =>
      server.defineMethod(
        'count',
        withCall(
          async ({upload}) => {
            let count = 0;
            for await (const _ of upload ?? []) count++;
            return count;
          },
          {upload: true},
        ),
      ),
    );
    await using client = await app.join(options);
    const reply = client.call('count', null, uploading('u'));
    await client.call('$send', {ref: 'u', at: 0, items: [1, 2, 3], done: true});
    assert.deepEqual(await reply, {result: 3});
    assert.deepEqual(await client.call('count'), {result: 0});
  });

  it('are not there over REST', async () => {
    await using app = await given();
    const url = `${app.app.server.url}/import`;
    const headers = {'Content-Type': 'application/json'};
    const body = JSON.stringify([1, 2]);
    const response = await fetch(url, {method: 'POST', headers, body});
    assert.deepEqual(await response.json(), {over: 'REST', items: [1, 2]});
    await using client = await app.join(options);
    const reply = client.call('importAll', {body: []}, uploading('u'));
    await client.call('$send', {ref: 'u', at: 0, items: [1, 2, 3], done: true});
    assert.deepEqual(await reply, {result: {over: 'a socket', items: [1, 2, 3]}});
  });

  it('wait in their order while the call waits for authentication', async () => {
    const gate = new Gate();
    await using app = await given({}, server =>
      server.auth(async () => {
        await gate.opened;
        return {[securityId]: '1'};
      }),
    );
    await using client = givenClient(app.app.server.url, options);
    await client.next('connect');
    client.socket.emit('authentication', {});
    const reply = client.call('list', null, uploading('u'));
    const sends = [1, 2, 3].map(n =>
      client.call('$send', {ref: 'u', at: n - 1, items: [n], done: n === 3}),
    );
    // An unknown ref is refused at once.
    const unknown = await client.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(refusal(unknown), [410, 'UPLOAD_GONE']);
    gate.open();
    assert.deepEqual(await reply, {result: [1, 2, 3]});
    assert.deepEqual((await Promise.all(sends)).at(-1), {result: {got: 3}});
  });

  it('are dropped with a call whose authentication fails, within the limits', async () => {
    const gate = new Gate();
    await using app = await given({}, server =>
      server.auth(async () => {
        await gate.opened;
        return undefined;
      }),
    );
    await using client = givenClient(app.app.server.url, options);
    await client.next('connect');
    client.socket.emit('authentication', {});
    const reply = client.call('list', null, uploading('u'));
    const chunk = Buffer.alloc(40 * 1024);
    const sends = [];
    for (let at = 0; at < 25; at++) {
      sends.push(client.call('$send', {ref: 'u', at, items: [chunk]}));
      // One message at a time: a request has at most 64 KiB before authentication.
      assert.deepEqual(await client.call('$cancel', {ref: 'v'}), {result: false});
    }
    const {error} = await client.call('$send', {ref: 'u', at: 25, items: [chunk]});
    assert.deepEqual([error.statusCode, error.details], [429, {got: 25}]);
    gate.open();
    assert.deepEqual(refusal(await reply), [401, 'UNAUTHENTICATED']);
    for (const answer of await Promise.all(sends)) {
      assert.deepEqual(refusal(answer), [410, 'UPLOAD_GONE']);
    }
  });

  it('pass guards and the limiter, which keep neither items nor $cancel', async () => {
    const gates = [new Gate(), new Gate()];
    const guarded: unknown[] = [];
    let points = 1;
    await using app = await given({
      callLimiter: {
        limiter: {
          consume: async () => {
            await gates[1].opened;
            if (points-- === 0) throw {msBeforeNext: 1000};
          },
        },
      },
    });
    app.app.server.io.on('connection', socket =>
      socket.use(([name], next) => {
        guarded.push(name);
        const isListed = name === 'list';
        void gates[0].opened.then(() => next(isListed ? undefined : new Error('No.')));
      }),
    );
    await using client = await app.join(options);
    const reply = client.call('list', null, uploading('u'));
    const cancelled = client.call('list', null, uploading('v'));
    const sends = [1, 2, 3].map(n =>
      client.call('$send', {ref: 'u', at: n - 1, items: [n], done: n === 3}),
    );
    const unheard = client.call('$send', {ref: 'v', at: 0, items: [1]});
    assert.deepEqual(await client.call('$cancel', {ref: 'v'}), {result: true});
    assert.equal((await cancelled).error.statusCode, 499);
    assert.deepEqual(refusal(await unheard), [410, 'UPLOAD_GONE']);
    gates[0].open();
    gates[1].open();
    assert.deepEqual(await reply, {result: [1, 2, 3]});
    assert.deepEqual((await Promise.all(sends)).at(-1), {result: {got: 3}});
    assert.deepEqual(guarded, ['list', 'list']);
    const limited = client.call('list', null, uploading('w'));
    const dropped = client.call('$send', {ref: 'w', at: 0, items: [1]});
    assert.equal((await limited).error.statusCode, 429);
    assert.deepEqual(refusal(await dropped), [410, 'UPLOAD_GONE']);
  });

  it('throw, and never end, when the connection is lost', async () => {
    await using app = await given();
    const client = await app.join(options, '1');
    client.call('photo', null, uploading('u')).catch(() => undefined);
    send(client, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(client);
    const error = await app.seen.thrown.next();
    assert.deepEqual([error.statusCode, error.code], [410, 'UPLOAD_GONE']);
    assert.deepEqual(app.app.logged, []);
  });

  it('with an id go on after eight cuts, and the method runs once', async () => {
    await using app = await given();
    for (let times = 0; times < 8; times++) {
      const client = await app.join(options, '1');
      const ref = `u${times}`;
      client.call('photo', null, KEPT(ref)).catch(() => undefined);
      const {result} = await client.call('$send', {ref, at: 0, items: []});
      const {got} = result as {got: number};
      for (let at = got; at < got + 3; at++) send(client, ref, at, [CHUNKS[at]]);
      await app.seen.taken.next();
      cut(client);
    }
    await using client = await app.join(options, '1');
    const reply = client.call('photo', null, KEPT('last'));
    const {result} = await client.call('$send', {ref: 'last', at: 0, items: []});
    assert.ok(result.got >= 8, 'it goes on where it was');
    assert.equal(await sendFrom(client, 'last', CHUNKS, result.got), undefined);
    assert.deepEqual(await reply, ALL);
    assert.equal(app.seen.runs, 1);
    assert.deepEqual(await client.call('photo', null, KEPT('again')), ALL);
  });

  it('are taken over by a repeated call, and the earlier connection does not disturb them', async () => {
    await using app = await given();
    await using before = await app.join(options, '1');
    const first = before.call('hold', null, KEPT('u'));
    const waiting = before.call('$send', {ref: 'u', at: 0, items: ['a', 'b']});
    assert.deepEqual(await before.call('$send', {ref: 'u', at: 0, items: []}), {
      result: {got: 2},
    });
    await using after = await app.join(options, '1');
    const repeated = after.call('hold', null, KEPT('v'));
    assert.deepEqual(await after.call('$send', {ref: 'v', at: 0, items: []}), {
      result: {got: 2},
    });
    assert.deepEqual(refusal(await waiting), [410, 'UPLOAD_GONE']);
    const late = await before.call('$send', {ref: 'u', at: 2, items: ['x']});
    assert.deepEqual(refusal(late), [410, 'UPLOAD_GONE']);
    send(after, 'v', 2, ['c']);
    assert.deepEqual(await after.call('$send', {ref: 'v', at: 0, items: []}), {
      result: {got: 3},
    });
    app.seen.gate.open();
    assert.deepEqual(await first, {result: 'held'});
    assert.deepEqual(await repeated, {result: 'held'});
    assert.equal(app.seen.runs, 1);
  });

  it('throw at each later read, which ends no process when nobody waits for it', async () => {
    await using app = await given();
    await using client = await app.join(options, '1');
    const reply = client.call('hold', null, uploading('u'));
    const iterator = await app.seen.iterators.next();
    void iterator.next();
    const reads = [iterator.next()];
    send(client, 'u', 0, ['a']);
    assert.deepEqual(await client.call('$cancel', {ref: 'u'}), {result: true});
    assert.equal((await reply).error.code, 'CALL_CANCELLED');
    reads.push(iterator.next());
    void iterator.next();
    for (const read of reads) {
      await assert.rejects(read, {code: 'CALL_CANCELLED'});
    }
    app.seen.gate.open();
  });

  it('with an id end when their client does not come back in time', async () => {
    await using app = await given({retryWindow: {time: 100, calls: 10}});
    const lost = await app.join(options, '1');
    lost.call('photo', null, KEPT('u')).catch(() => undefined);
    send(lost, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(lost);
    const error = await app.seen.thrown.next();
    assert.deepEqual([error.statusCode, error.code], [410, 'UPLOAD_GONE']);
    assert.equal(uploadsOf(app.app.server), 0);
  });

  it('with an id of a user without an id throw at once', async () => {
    await using app = await given();
    const lost = await app.join(options);
    lost.call('photo', null, KEPT('u')).catch(() => undefined);
    send(lost, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(lost);
    assert.equal((await app.seen.thrown.next()).code, 'UPLOAD_GONE');
  });

  it('with an id end without their client when the server has all items', async () => {
    await using app = await given({retryWindow: {time: 60_000, calls: 10}});
    const lost = await app.join(options, '1');
    lost.call('hold', null, KEPT('u')).catch(() => undefined);
    lost.socket.emit('$send', {ref: 'u', at: 0, items: ['a'], done: true});
    await lost.call('$send', {ref: 'u', at: 0, items: []});
    cut(lost);
    await using client = await app.join(options, '1');
    app.seen.gate.open();
    const {result} = await client.call('hold', null, KEPT('v'));
    assert.equal(result, 'held');
    assert.equal(app.seen.runs, 1);
  });

  it('with an id keep 1 MiB of a user without a connection', async () => {
    await using app = await given({}, undefined, {
      component: {io: {maxHttpBufferSize: 2 * 1024 * 1024}},
    });
    const half = Buffer.alloc(700 * 1024);
    for (const id of ['p1', 'p2']) {
      const lost = await app.join(options, '1');
      lost.call('hold', null, uploading('u', id)).catch(() => undefined);
      send(lost, 'u', 0, [half]);
      await lost.call('$send', {ref: 'u', at: 0, items: []});
      cut(lost);
      await app.left.next();
    }
    await using client = await app.join(options, '1');
    const calls = ['p1', 'p2'].map((id, at) =>
      client.call('hold', null, uploading(`${at}`, id)),
    );
    const got = await Promise.all(
      [0, 1].map(at => client.call('$send', {ref: `${at}`, at: 0, items: []})),
    );
    assert.deepEqual(refusal(got[0]), [410, 'UPLOAD_GONE']);
    assert.deepEqual(got[1], {result: {got: 1}});
    app.seen.gate.open();
    await Promise.all(calls);
  });

  it('throw when their call is cancelled', async () => {
    await using app = await given();
    await using client = await app.join(options, '1');
    const reply = client.call('photo', null, uploading('u'));
    send(client, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    assert.deepEqual(await client.call('$cancel', {ref: 'u'}), {result: true});
    assert.equal((await reply).error.code, 'CALL_CANCELLED');
    assert.equal((await app.seen.thrown.next()).code, 'CALL_CANCELLED');
    const late = await client.call('$send', {ref: 'u', at: 1, items: [CHUNKS[1]]});
    assert.deepEqual(refusal(late), [410, 'UPLOAD_GONE']);
  });

  it('are cancelled for all by the ref of the call that has taken them over', async () => {
    await using app = await given();
    await using before = await app.join(options, '1');
    const first = before.call('photo', null, KEPT('u'));
    send(before, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    await using after = await app.join(options, '1');
    const repeated = after.call('photo', null, KEPT('v'));
    await after.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(await after.call('$cancel', {ref: 'v'}), {result: true});
    assert.equal((await first).error.code, 'CALL_CANCELLED');
    assert.equal((await repeated).error.code, 'CALL_CANCELLED');
    assert.equal((await app.seen.thrown.next()).code, 'CALL_CANCELLED');
  });

  it('throw when nothing comes in time', async () => {
    await using app = await given({streamTimeout: 100});
    await using client = await app.join(options, '1');
    for (const callOptions of [uploading('u'), KEPT('v')]) {
      const reply = client.call('photo', null, callOptions);
      send(client, callOptions.$call.ref, 0, [CHUNKS[0]]);
      assert.deepEqual(refusal(await reply), [504, 'CALL_TIMEOUT']);
      assert.equal((await app.seen.thrown.next()).code, 'CALL_TIMEOUT');
    }
    assert.deepEqual(app.app.logged, []);
  });

  it('may take longer than calls, whose time counts from their end', async () => {
    await using app = await given({callTimeout: 100});
    await using client = await app.join(options, '1');
    const long = client.call('list', null, uploading('u', 'p1'));
    const end = performance.now() + 250;
    let at = 0;
    while (performance.now() < end) {
      await client.call('$send', {ref: 'u', at: at++, items: [at]});
    }
    await client.call('$send', {ref: 'u', at, items: [], done: true});
    assert.equal((await long).result.length, at);
    const late = client.call('hold', null, uploading('v'));
    client.socket.emit('$send', {ref: 'v', at: 0, items: [], done: true});
    assert.deepEqual(refusal(await late), [504, 'CALL_TIMEOUT']);
    app.seen.gate.open();
  });

  it('throw when the authentication ends', async () => {
    await using app = await given();
    for (const callOptions of [uploading('u'), KEPT('v')]) {
      await using client = await app.join(options, '1');
      const reply = client.call('photo', null, callOptions);
      send(client, callOptions.$call.ref, 0, [CHUNKS[0]]);
      await app.seen.taken.next();
      app.app.server.disconnectUser('1');
      assert.deepEqual(refusal(await reply), [401, 'AUTHENTICATION_REVOKED']);
      assert.equal((await app.seen.thrown.next()).code, 'AUTHENTICATION_REVOKED');
    }
  });

  it('go on while the server waits for calls, and then throw', async () => {
    await using app = await given({}, undefined, {component: {drainTimeout: 300}});
    await using client = await app.join(options, '1');
    const ends = client.call('photo', null, uploading('u'));
    const stays = client.call('photo', null, KEPT('v'));
    send(client, 'u', 0, [CHUNKS[0]]);
    send(client, 'v', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    await app.seen.taken.next();
    const lost = await app.join(options, '2');
    lost.call('photo', null, KEPT('u')).catch(() => undefined);
    send(lost, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(lost);
    const stopped = app.app.app.stop();
    await client.next('draining');
    // Its client cannot come back.
    assert.equal((await app.seen.thrown.next()).code, 'SHUTTING_DOWN');
    assert.equal(await sendFrom(client, 'u', CHUNKS, 1), undefined);
    assert.deepEqual(await ends, ALL);
    assert.deepEqual(refusal(await stays), [503, 'SHUTTING_DOWN']);
    assert.equal((await app.seen.thrown.next()).code, 'SHUTTING_DOWN');
    await stopped;
  });

  it('leave nothing behind, however they end', async () => {
    await using app = await given();
    await using client = await app.join(options, '1');
    const methods = ['list', 'first', 'refuse', 'photo'];
    for (let count = 0; count < 250; count++) {
      const replies = methods.map((name, at) =>
        client.call(name, null, uploading(`${at}`, count % 2 ? `${count}` : undefined)),
      );
      methods.forEach((name, at) =>
        send(client, `${at}`, 0, name === 'photo' ? [Buffer.alloc(8)] : [1, 2, 3]),
      );
      await Promise.all([
        client.call('$send', {ref: '0', at: 3, items: [], done: true}),
        client.call('$cancel', {ref: '3'}),
      ]);
      await Promise.all(replies);
    }
    assert.equal(app.seen.thrown.size, 250);
    const live = new LiveObjects();
    while (app.seen.taken.size > 0) live.track((await app.seen.taken.next()) as object);
    await live.gone();
    assert.equal(uploadsOf(app.app.server), 0);
    assert.equal(remainsOf(app.app.server).running, 0);
  });
});
