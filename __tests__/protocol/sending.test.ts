import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenClient, givenAuthenticated} from '../helpers/client';
import type {ClientOptions} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';
import {SeenUploads, uploadController} from '../helpers/upload-controller';
import {refusal, uploading} from '../helpers/uploads';

async function given(options: ClientOptions) {
  const seen = new SeenUploads();
  const app = await givenServer(undefined, {}, {controllers: [uploadController(seen)]});
  const client = await givenAuthenticated(app.server.url, undefined, options);
  return {
    app,
    client,
    seen,
    send: (at: number, items: unknown[], more: object = {}) =>
      client.call('$send', {ref: 'u', at, items, ...more}),
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
    },
  };
}

const GONE = [410, 'UPLOAD_GONE'];

describeSection('$send', options => {
  it('carries items of any kind to the method, in their order', async () => {
    await using upload = await given(options);
    const reply = upload.client.call('list', null, uploading('u'));
    const items = [1, 'two', {three: [3]}, null, true];
    assert.deepEqual(await upload.send(0, items.slice(0, 2)), {result: {got: 2}});
    assert.deepEqual(await upload.send(2, items.slice(2)), {result: {got: 5}});
    assert.deepEqual(await upload.send(5, [], {done: true}), {result: {got: 5}});
    assert.deepEqual(await reply, {result: items});
  });

  it('carries up to 10 buffers a packet', async () => {
    await using upload = await given(options);
    const reply = upload.client.call('list', null, uploading('u'));
    const items = Array.from({length: 10}, (_, at) => ({data: Buffer.from([at])}));
    assert.deepEqual(await upload.send(0, items, {done: true}), {result: {got: 10}});
    assert.deepEqual(await reply, {result: items});
  });

  it('is answered when the method has taken the last of its items', async () => {
    await using upload = await given(options);
    const {client, seen} = upload;
    const reply = client.call('hold', null, uploading('u'));
    const iterator = await seen.iterators.next();
    let answered = 0;
    const sent = upload.send(0, ['a', 'b']);
    const later = upload.send(2, ['c'], {done: true});
    for (const one of [sent, later]) void one.then(() => answered++);
    assert.deepEqual(await upload.send(0, []), {result: {got: 3}});
    assert.deepEqual(await iterator.next(), {done: false, value: 'a'});
    assert.deepEqual(await upload.send(0, []), {result: {got: 3}});
    assert.equal(answered, 0);
    assert.deepEqual(await iterator.next(), {done: false, value: 'b'});
    assert.deepEqual(await sent, {result: {got: 3}});
    assert.equal(answered, 1);
    const reads = [iterator.next(), iterator.next()];
    assert.deepEqual(await later, {result: {got: 3}});
    assert.deepEqual(await Promise.all(reads), [
      {done: false, value: 'c'},
      {done: true, value: undefined},
    ]);
    seen.gate.open();
    assert.deepEqual(await reply, {result: 'held'});
  });

  it('is refused once the method has left its loop', async () => {
    await using upload = await given(options);
    const {client, seen} = upload;
    const reply = client.call('leave', null, uploading('u'));
    const answers = [upload.send(0, ['a', 'b']), upload.send(2, ['c'])];
    assert.equal(await seen.taken.next(), 'a');
    assert.deepEqual((await Promise.all(answers)).map(refusal), [GONE, GONE]);
    assert.deepEqual(refusal(await upload.send(0, [])), GONE);
    seen.gate.open();
    assert.deepEqual(await reply, {result: 'left'});
  });

  it('without items is answered at once with what the server has', async () => {
    await using upload = await given(options);
    const {client, seen} = upload;
    const reply = client.call('hold', null, uploading('u'));
    assert.deepEqual(await upload.send(0, []), {result: {got: 0}});
    const untaken = upload.send(0, ['a', 'b', 'c']);
    assert.deepEqual(await upload.send(0, []), {result: {got: 3}});
    seen.gate.open();
    assert.deepEqual(await reply, {result: 'held'});
    assert.deepEqual(refusal(await untaken), GONE);
  });

  it('skips items that the server has, and answers as for the first ones', async () => {
    await using upload = await given(options);
    const reply = upload.client.call('list', null, uploading('u'));
    assert.deepEqual(await upload.send(0, [0, 1]), {result: {got: 2}});
    assert.deepEqual(await upload.send(0, [0, 1]), {result: {got: 2}});
    assert.deepEqual(await upload.send(1, [1, 2, 3]), {result: {got: 4}});
    assert.deepEqual(await upload.send(3, [3], {done: true}), {result: {got: 4}});
    assert.deepEqual(await reply, {result: [0, 1, 2, 3]});
  });

  it('is refused when items are missing, or come after the end', async () => {
    await using upload = await given(options);
    const {client, seen} = upload;
    const reply = client.call('hold', null, uploading('u'));
    const waiting = upload.send(0, ['a', 'b']);
    for (const [at, items, done] of [
      [3, ['d'], false],
      [3, ['d'], true],
      [0, ['a'], true],
    ] as const) {
      const {error} = await upload.send(at, [...items], {done});
      assert.deepEqual(
        [error.statusCode, error.code, error.name, error.details],
        [409, 'OUT_OF_ORDER', 'ConflictError', {got: 2}],
      );
    }
    const ended = upload.send(2, [], {done: true});
    const {error} = await upload.send(2, ['c']);
    assert.deepEqual([error.code, error.details], ['OUT_OF_ORDER', {got: 2}]);
    const again = upload.send(1, ['b'], {done: true});
    seen.gate.open();
    assert.deepEqual(await reply, {result: 'held'});
    const all = await Promise.all([waiting, ended, again]);
    assert.deepEqual(all.map(refusal), [GONE, GONE, GONE]);
  });

  it('is refused when more than 1 MiB of a socket would wait', async () => {
    await using upload = await given(options);
    const {client, seen} = upload;
    const calls = ['u', 'v'].map(ref => client.call('hold', null, uploading(ref)));
    const item = Buffer.alloc(300 * 1024);
    const sends = [
      upload.send(0, [item]),
      upload.send(1, [item]),
      upload.send(2, [item]),
    ];
    const {error} = await upload.send(3, [item]);
    assert.deepEqual(
      [error.statusCode, error.code, error.details],
      [429, 'TOO_MANY_REQUESTS', {got: 3}],
    );
    const other = await client.call('$send', {ref: 'v', at: 0, items: [item]});
    assert.deepEqual([other.error.statusCode, other.error.details], [429, {got: 0}]);
    // A method that waits for the item gets it.
    const reply = client.call('first', null, uploading('w'));
    const taken = await client.call('$send', {ref: 'w', at: 0, items: [item]});
    assert.deepEqual(taken, {result: {got: 1}});
    assert.equal((await reply).result.length, item.length);
    seen.gate.open();
    assert.deepEqual(await Promise.all(calls), [{result: 'held'}, {result: 'held'}]);
    assert.deepEqual((await Promise.all(sends)).map(refusal), [GONE, GONE, GONE]);
  });

  it('is refused when its items alone are larger than that', async () => {
    await using app = await givenServer(
      undefined,
      {},
      {
        controllers: [uploadController(new SeenUploads())],
        component: {io: {maxHttpBufferSize: 8 * 1024 * 1024}},
      },
    );
    await using client = await givenAuthenticated(app.server.url, undefined, options);
    const reply = client.call('list', null, uploading('u'));
    const body = {ref: 'u', at: 0, items: [Buffer.alloc(1024 * 1024)]};
    const {error} = await client.call('$send', body);
    assert.deepEqual([error.statusCode, error.code], [413, 'PAYLOAD_TOO_LARGE']);
    await client.call('$send', {...body, items: [], done: true});
    assert.deepEqual(await reply, {result: []});
  });

  it('counts packets that carry little, too', async () => {
    await using upload = await given(options);
    const reply = upload.client.call('hold', null, uploading('u'));
    const {socket} = upload.client;
    await upload.send(0, []);
    for (let count = 0; count < 4100; count++) {
      socket.emit('$send', {ref: 'u', at: 0, items: [0]}, () => undefined);
    }
    const {error} = await upload.send(0, [0]);
    assert.deepEqual([error.statusCode, error.details], [429, {got: 1}]);
    upload.seen.gate.open();
    await reply;
  });

  it('is refused when no call takes its items', async () => {
    await using upload = await given(options);
    const {client} = upload;
    assert.deepEqual(refusal(await upload.send(0, [1])), GONE);
    const reply = client.call('first', null, uploading('u'));
    await upload.send(0, [1]);
    assert.deepEqual(await reply, {result: 1});
    assert.deepEqual(refusal(await upload.send(1, [2])), GONE);
    // The ref is free again.
    const next = client.call('list', null, uploading('u'));
    await upload.send(0, [], {done: true});
    assert.deepEqual(await next, {result: []});
  });

  it('works without an ack', async () => {
    await using upload = await given(options);
    const {socket} = upload.client;
    const reply = upload.client.call('list', null, uploading('u'));
    socket.emit('$send', {ref: 'u', at: 0, items: [1]});
    socket.emit('$send', {ref: 'u', at: 1, items: [2], done: true});
    assert.deepEqual(await reply, {result: [1, 2]});
  });

  it('is refused with another payload, and before authentication', async () => {
    await using upload = await given(options);
    const {app, client} = upload;
    await using early = givenClient(app.server.url, options);
    const body = {ref: 'u', at: 0, items: []};
    assert.equal((await early.call('$send', body)).error.statusCode, 401);
    for (const bad of [
      undefined,
      'u',
      {},
      {...body, ref: 1},
      {...body, ref: 'u'.repeat(129)},
      {...body, at: -1},
      {...body, at: 0.5},
      {...body, at: 1e300},
      {...body, at: '0'},
      {...body, items: 'a'},
      {...body, items: {length: 1}},
      {...body, done: 1},
    ]) {
      const {error} = await client.call('$send', bad);
      assert.equal(error.statusCode, 400, JSON.stringify(bad));
      assert.match(error.message, /\{ref, at, items, done\?\}/);
    }
    const prohibited = JSON.parse('{"ref":"u","at":0,"items":[{"__proto__":1}]}');
    assert.equal((await client.call('$send', prohibited)).error.statusCode, 400);
    assert.equal((await client.call('$send', body, 1)).error.statusCode, 400);
  });
});
