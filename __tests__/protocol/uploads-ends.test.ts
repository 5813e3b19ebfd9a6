import assert from 'node:assert/strict';
import {it} from 'node:test';
import {remainsOf, uploadsOf} from '../helpers/endpoint-remains';
import {LiveObjects} from '../helpers/remains';
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

describeSection('The end of an upload', options => {
  it('of a method that streams throw when nothing comes in time', async () => {
    await using app = await givenUploads({streamTimeout: 100});
    await using client = await app.join(options);
    const {stream} = (await client.call('echo', null, uploading('u'))) as {
      stream?: string;
    };
    const answer = await client.call('$next', {stream, got: 0});
    assert.deepEqual(refusal(answer), [504, 'CALL_TIMEOUT']);
  });

  it('throw, and never end, when the connection is lost', async () => {
    await using app = await givenUploads();
    const client = await app.join(options, '1');
    client.call('photo', null, uploading('u')).catch(() => undefined);
    send(client, 'u', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    cut(client);
    const error = await app.seen.thrown.next();
    assert.deepEqual([error.statusCode, error.code], [410, 'UPLOAD_GONE']);
    assert.deepEqual(app.app.logged, []);
  });

  it('throw at each later read, which ends no process when nobody waits for it', async () => {
    await using app = await givenUploads();
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

  it('throw when their call is cancelled', async () => {
    await using app = await givenUploads();
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

  it('throw when nothing comes in time', async () => {
    await using app = await givenUploads({streamTimeout: 100});
    await using client = await app.join(options, '1');
    for (const callOptions of [uploading('u'), uploading('v', 'p1')]) {
      const reply = client.call('photo', null, callOptions);
      send(client, callOptions.$call.ref, 0, [CHUNKS[0]]);
      assert.deepEqual(refusal(await reply), [504, 'CALL_TIMEOUT']);
      assert.equal((await app.seen.thrown.next()).code, 'CALL_TIMEOUT');
    }
    assert.deepEqual(app.app.logged, []);
  });

  it('may take longer than calls, whose time counts from their end', async () => {
    await using app = await givenUploads({callTimeout: 100});
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
    await using app = await givenUploads();
    for (const callOptions of [uploading('u'), uploading('v', 'p1')]) {
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
    await using app = await givenUploads({}, undefined, {component: {drainTimeout: 300}});
    await using client = await app.join(options, '1');
    const ends = client.call('photo', null, uploading('u'));
    const stays = client.call('photo', null, uploading('v', 'p1'));
    send(client, 'u', 0, [CHUNKS[0]]);
    send(client, 'v', 0, [CHUNKS[0]]);
    await app.seen.taken.next();
    await app.seen.taken.next();
    const lost = await app.join(options, '2');
    lost.call('photo', null, uploading('u', 'p1')).catch(() => undefined);
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
    await using app = await givenUploads();
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
