import assert from 'node:assert/strict';
import {it} from 'node:test';
import {RestBindings} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {withCall} from 'loopback4-socket';
import {givenChunks, hashOf} from '../helpers/chunks';
import {givenClient, givenClients} from '../helpers/client';
import type {Answer} from '../helpers/client';
import {uploadsOf} from '../helpers/endpoint-remains';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {
  ALL,
  CHUNKS,
  givenUploads,
  refusal,
  sendFrom,
  uploading,
} from '../helpers/uploads';

describeSection('Uploads', options => {
  it('carry 20 MB within the limits of a message', async () => {
    await using app = await givenUploads();
    await using client = await app.join(options);
    const chunks = givenChunks(640, 32 * 1024);
    const reply = client.call('photo', null, uploading('u'));
    assert.equal(await sendFrom(client, 'u', chunks), undefined);
    assert.deepEqual(await reply, {result: {items: 640, hash: hashOf(chunks)}});
  });

  it('of one socket do not mix', async () => {
    await using app = await givenUploads();
    await using client = await app.join(options);
    const replies = ['u', 'v'].map(ref => client.call('photo', null, uploading(ref)));
    const others = CHUNKS.slice(5);
    await Promise.all([sendFrom(client, 'u', CHUNKS), sendFrom(client, 'v', others)]);
    const [one, other] = await Promise.all(replies);
    assert.deepEqual(one, ALL);
    assert.deepEqual(other.result.hash, hashOf(others));
  });

  it('need a ref of their own, and a method that takes items', async () => {
    await using app = await givenUploads();
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
    await using app = await givenUploads();
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
    await using app = await givenUploads();
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

  it('are read by handlers that are added by hand', async () => {
    await using app = await givenUploads({}, server =>
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
    await using app = await givenUploads();
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
    await using app = await givenUploads({}, server =>
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
    await using app = await givenUploads({}, server =>
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

  it('wait for authentication within one limit of the whole connection', async () => {
    const gate = new Gate();
    await using app = await givenUploads({namespace: /^\/n\d$/}, server =>
      server.auth(async () => {
        await gate.opened;
        return {[securityId]: '1'};
      }),
    );
    const {url} = app.app.app.getSync(RestBindings.SERVER);
    const clients = givenClients(url, ['/n1', '/n2', '/n3'], options);
    await using _closed = clients[0];
    const chunk = Buffer.alloc(40 * 1024);
    const refused: unknown[] = [];
    for (const client of clients) {
      await client.next('connect');
      client.socket.emit('authentication', {});
      client.socket.emit('list', null, uploading('u'), () => undefined);
      for (let at = 0; at < 24; at++) {
        client.socket.emit('$send', {ref: 'u', at, items: [chunk]}, ({error}: Answer) =>
          refused.push(error?.statusCode),
        );
        await client.call('$cancel', {ref: 'v'});
      }
    }
    // 2 MiB wait, of 24 chunks of each socket.
    assert.ok(refused.length > 20 && refused.length < 24, String(refused.length));
    assert.deepEqual(new Set(refused), new Set([429]));
    gate.open();
    for (const client of clients) await client.next('authenticated');
  });

  it('pass guards and the limiter, which keep neither items nor $cancel', async () => {
    const gates = [new Gate(), new Gate()];
    const guarded: unknown[] = [];
    let points = 1;
    await using app = await givenUploads({
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

  it('of a call that a guard has changed begin when its method runs', async () => {
    await using app = await givenUploads();
    app.app.server.io.on('connection', socket =>
      socket.use((packet, next) => {
        if (packet[0] === 'old') packet[0] = 'list';
        next();
      }),
    );
    await using client = await app.join(options, '1');
    const once = client.call('old', null, uploading('u', 'p1'));
    await client.call('$send', {ref: 'u', at: 0, items: [1], done: true});
    assert.deepEqual(await once, {result: [1]});
    assert.deepEqual(await client.call('old', null, uploading('v', 'p1')), {result: [1]});
    const late = await client.call('$send', {ref: 'v', at: 0, items: []});
    assert.deepEqual(refusal(late), [410, 'UPLOAD_GONE']);
    assert.equal(uploadsOf(app.app.server), 0);
  });
});
