import assert from 'node:assert/strict';
import {it} from 'node:test';
import {uploadsOf} from '../helpers/endpoint-remains';
import {hashOf} from '../helpers/chunks';
import {describeSection} from '../helpers/section';
import {
  ALL,
  CHUNKS,
  cut,
  givenUploads,
  refusal,
  send,
  sendFrom,
  uploading,
} from '../helpers/uploads';

describeSection('An upload after a lost connection', options => {
  it('of a method that streams go on after a lost connection', async () => {
    await using app = await givenUploads();
    const lost = await app.join(options, '1');
    const {stream} = (await lost.call('echo', null, uploading('u', 'p1'))) as {
      stream?: string;
    };
    send(lost, 'u', 0, ['a']);
    assert.deepEqual((await lost.call('$next', {stream, got: 0})).result.items, ['a']);
    cut(lost);
    await app.left.next();
    await using client = await app.join(options, '1');
    assert.deepEqual(await client.call('echo', null, uploading('v', 'p1')), {stream});
    const {result} = await client.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(result, {got: 1});
    client.socket.emit('$send', {ref: 'v', at: 1, items: ['b'], done: true});
    const next = await client.call('$next', {stream, got: 1});
    assert.deepEqual(next.result.items, ['b']);
    const end = await client.call('$next', {stream, got: 2});
    assert.deepEqual(end.result, {at: 2, items: [], done: true});
  });

  it('with an id go on after eight cuts, and the method runs once', async () => {
    await using app = await givenUploads();
    for (let times = 0; times < 8; times++) {
      const client = await app.join(options, '1');
      const ref = `u${times}`;
      client.call('photo', null, uploading(ref, 'p1')).catch(() => undefined);
      const {result} = await client.call('$send', {ref, at: 0, items: []});
      const {got} = result as {got: number};
      for (let at = got; at < got + 3; at++) send(client, ref, at, [CHUNKS[at]]);
      await app.seen.taken.next();
      cut(client);
    }
    await using client = await app.join(options, '1');
    const reply = client.call('photo', null, uploading('last', 'p1'));
    const {result} = await client.call('$send', {ref: 'last', at: 0, items: []});
    assert.ok(result.got >= 8, 'it goes on where it was');
    assert.equal(await sendFrom(client, 'last', CHUNKS, result.got), undefined);
    assert.deepEqual(await reply, ALL);
    assert.equal(app.seen.runs, 1);
    assert.deepEqual(await client.call('photo', null, uploading('again', 'p1')), ALL);
  });

  it('are taken over by a repeated call, and the earlier connection does not disturb them', async () => {
    await using app = await givenUploads();
    await using before = await app.join(options, '1');
    const first = before.call('hold', null, uploading('u', 'p1'));
    const waiting = before.call('$send', {ref: 'u', at: 0, items: ['a', 'b']});
    assert.deepEqual(await before.call('$send', {ref: 'u', at: 0, items: []}), {
      result: {got: 2},
    });
    await using after = await app.join(options, '1');
    const repeated = after.call('hold', null, uploading('v', 'p1'));
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

  it('with an id end when their client does not come back in time', async () => {
    await using app = await givenUploads({retryWindow: {time: 100, calls: 10}});
    const lost = await app.join(options, '1');
    lost.call('photo', null, uploading('u', 'p1')).catch(() => undefined);
    send(lost, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(lost);
    const error = await app.seen.thrown.next();
    assert.deepEqual([error.statusCode, error.code], [410, 'UPLOAD_GONE']);
    assert.equal(uploadsOf(app.app.server), 0);
  });

  it('with an id of a user without an id throw at once', async () => {
    await using app = await givenUploads();
    const lost = await app.join(options);
    lost.call('photo', null, uploading('u', 'p1')).catch(() => undefined);
    send(lost, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(lost);
    assert.equal((await app.seen.thrown.next()).code, 'UPLOAD_GONE');
  });

  it('with an id end without their client when the server has all items', async () => {
    await using app = await givenUploads({retryWindow: {time: 60_000, calls: 10}});
    const lost = await app.join(options, '1');
    lost.call('hold', null, uploading('u', 'p1')).catch(() => undefined);
    lost.socket.emit('$send', {ref: 'u', at: 0, items: ['a'], done: true});
    await lost.call('$send', {ref: 'u', at: 0, items: []});
    cut(lost);
    await using client = await app.join(options, '1');
    app.seen.gate.open();
    const {result} = await client.call('hold', null, uploading('v', 'p1'));
    assert.equal(result, 'held');
    assert.equal(app.seen.runs, 1);
  });

  it('with an id keep 1 MiB of a user without a connection', async () => {
    await using app = await givenUploads({}, undefined, {
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

  it('are cancelled for all by the ref of the call that has taken them over', async () => {
    await using app = await givenUploads();
    await using before = await app.join(options, '1');
    const first = before.call('photo', null, uploading('u', 'p1'));
    send(before, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    await using after = await app.join(options, '1');
    const repeated = after.call('photo', null, uploading('v', 'p1'));
    await after.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(await after.call('$cancel', {ref: 'v'}), {result: true});
    assert.equal((await first).error.code, 'CALL_CANCELLED');
    assert.equal((await repeated).error.code, 'CALL_CANCELLED');
    assert.equal((await app.seen.thrown.next()).code, 'CALL_CANCELLED');
  });

  it('is never another user’s', async () => {
    await using app = await givenUploads();
    await using client = await app.join(options, '1');
    const reply = client.call('photo', null, uploading('u', 'p1'));
    send(client, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    await using stranger = await app.join(options, '2');
    const other = stranger.call('photo', null, uploading('u', 'p1'));
    const {result} = await stranger.call('$send', {ref: 'u', at: 0, items: []});
    assert.deepEqual(result, {got: 0});
    assert.equal(await sendFrom(stranger, 'u', CHUNKS.slice(1)), undefined);
    assert.equal((await other).result.hash, hashOf(CHUNKS.slice(1)));
    assert.equal(await sendFrom(client, 'u', CHUNKS, 1), undefined);
    assert.deepEqual(await reply, ALL);
    assert.equal(app.seen.runs, 2);
  });
});
