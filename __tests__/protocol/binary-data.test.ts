import assert from 'node:assert/strict';
import {it} from 'node:test';
import {HttpErrors} from '@loopback/rest';
import {Decoder, Encoder} from 'socket.io-parser';
import {MAX_ATTACHMENTS} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {givenAuthenticated} from '../helpers/client';
import type {ClientOptions, TestClient} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const buffers = (count: number) =>
  Array.from({length: count}, (_, at) => ({thumb: Buffer.from([at])}));

/** Packets that a client's parser refuses, and why. */
const UNDECODABLE: Record<string, [value: unknown, why: RegExp]> = {
  'more attachments than a parser takes': [
    buffers(MAX_ATTACHMENTS + 1),
    /11 binary attachments/,
  ],
  'a Blob': [{photo: new Blob(['x'])}, /a Blob or File/],
  'a File': [[new File(['x'], 'photo.png')], /a Blob or File/],
};

const INTERNAL = {error: {statusCode: 500, message: 'Internal Server Error'}};

/** Ways in which a method answers. */
const ANSWERS: Record<string, (value: unknown) => unknown> = {
  returned: value => value,
  promised: value => Promise.resolve(value),
  thrown: value => {
    throw value;
  },
  'the details of an error': value => {
    throw Object.assign(new HttpErrors.Conflict(), {details: value});
  },
};

/** Ways in which the server sends an event to a client; `everybody` is a room that it is in. */
const EMITS: Record<string, (socket: Socket, value: unknown) => unknown> = {
  'the emit of a socket': (socket, value) => socket.emit('event', value),
  'a volatile emit': (socket, value) => socket.volatile.emit('event', value),
  'an emit with an ack': (socket, value) => socket.emit('event', value, () => undefined),
  'a broadcast to all': ({nsp}, value) => nsp.emit('event', value),
  'a broadcast to a room': ({nsp}, value) => nsp.to('everybody').emit('event', value),
  'a broadcast with acks': ({nsp}, value) =>
    nsp.timeout(10).emit('event', value, () => undefined),
};

describeSection('Binary data', options => {
  it('reaches methods and clients as bytes, up to the limit', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('echo', (socket, _credentials, args) => {
        socket.emit('event', args);
        return args;
      });
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const args = buffers(MAX_ATTACHMENTS);
    assert.deepEqual(await client.call('echo', args), {result: args});
    assert.deepEqual(await client.next('event'), args);
    const views = {floats: new Float32Array([1]), bytes: new Uint8Array([1]).buffer};
    assert.deepEqual(await client.call('echo', views), {
      result: {floats: Buffer.from([0, 0, 128, 63]), bytes: Buffer.from([1])},
    });
    assert.deepEqual(given.logged, []);
  });

  for (const [title, [value, why]] of Object.entries(UNDECODABLE)) {
    it(`in an answer with ${title} is a 500, logged once, and ends nothing`, async () => {
      await using given = await givenServer(server => {
        for (const [name, run] of Object.entries(ANSWERS)) {
          server.defineMethod(name, () => run(value));
        }
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      for (const name of Object.keys(ANSWERS)) {
        assert.deepEqual(await client.call(name), INTERNAL, name);
        const [error, statusCode] = given.logged.pop() ?? [];
        assert.match((error as Error).message, why, name);
        assert.equal(statusCode, 500);
        assert.deepEqual(given.logged, [], name);
      }
      // With an id the answer is the same, and no connection that asks again ends.
      for (let time = 0; time < 2; time++) {
        const answer = await client.call('returned', {}, {$call: {id: '1'}});
        assert.deepEqual(answer, INTERNAL);
      }
    });

    for (const recovery of [false, true]) {
      it(`in an event with ${title} is logged, and not sent${recovery ? ', with state recovery' : ''}`, async () => {
        await using given = await givenServer(
          server => {
            server.onConnected(socket => socket.join('everybody'));
            server.defineMethod('send', (socket, _credentials, name: string) => {
              EMITS[name](socket, value);
              return 'went on';
            });
          },
          {},
          recovery ? {component: {io: {connectionStateRecovery: {}}}} : {},
        );
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        for (const name of Object.keys(EMITS)) {
          assert.deepEqual(await client.call('send', name), {result: 'went on'}, name);
          const [error, , source] = given.logged.pop() ?? [];
          assert.match((error as Error).message, why, name);
          assert.match((error as Error).message, /The event "event" was not sent/);
          assert.equal(source?.handler, 'emit');
          assert.deepEqual(given.logged, [], name);
        }
        assert.ok(!client.names.includes('event'));
        assert.ok(!client.names.includes('disconnect'));
      });
    }
  }

  it('of which a client sends more than the limit ends its connection', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('store', () => assert.fail('ran'));
    });
    await using client = await givenAuthenticated(given.server.url, undefined, {
      ...options,
      reconnection: false,
    });
    client.socket.emit('store', buffers(MAX_ATTACHMENTS + 1));
    await client.next('disconnect');
  });

  it('has the limit of the application’s parser where it gives one', async () => {
    class PatientDecoder extends Decoder {
      constructor() {
        super({maxAttachments: 100});
      }
    }
    const parser = {Encoder, Decoder: PatientDecoder};
    await using given = await givenServer(
      server => {
        server.defineMethod('echo', (socket, _credentials, args) => {
          socket.emit('event', args);
          return args;
        });
      },
      {},
      {component: {io: {parser}}},
    );
    const patient: ClientOptions = {...options, parser};
    await using client: TestClient = await givenAuthenticated(
      given.server.url,
      undefined,
      patient,
    );
    const args = buffers(50);
    assert.deepEqual(await client.call('echo', args), {result: args});
    assert.deepEqual(await client.next('event'), args);
    assert.deepEqual(given.logged, []);
  });
});
