import assert from 'node:assert/strict';
import type {WireClient} from '../helpers/wire-client';

/** A stream to be ended. */
interface Opened {
  readonly client: WireClient;
  /** The user's id, if the user has one. */
  readonly user: string | undefined;
  /** Options of the call: an id and a ref of its own. */
  readonly $call: {readonly id?: string; readonly ref: string};
}

export interface Way {
  /** Opens a stream, and ends it or leaves it to `end`. */
  run(opened: Opened): Promise<unknown>;
  /** Ends the client, and all its streams with it. */
  end?(client: WireClient, user: string | undefined): Promise<unknown>;
  /** ms that the authentication lasts. */
  lasts?: number;
  /** True when the ends of the streams are read by nobody, so that they wait for their time. */
  waits?: boolean;
}

async function open({client, $call}: Opened, name: string, args: object = {}) {
  return client.open(name, args, {$call});
}

async function readToEnd(client: WireClient, stream: string): Promise<unknown> {
  for (let got = 0; ;) {
    const {result, error} = await client.read(stream, got);
    if (error || result.done) return error;
    got += result.items.length as number;
  }
}

const cutOff = (client: WireClient) => client.cut();

/** The ways in which streams end, by name. */
export const WAYS: Record<string, Way> = {
  'read to the end, and stopped': {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 100});
      assert.equal(await readToEnd(opened.client, stream), undefined);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'read to the end': {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 10});
      assert.equal(await readToEnd(opened.client, stream), undefined);
    },
    waits: true,
  },
  'stopped after a read': {
    async run(opened) {
      const stream = await open(opened, 'numbers');
      await opened.client.read(stream, 0);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'stopped while its method waits, and a read': {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
      const waiting = opened.client.read(stream, 1);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
      assert.equal((await waiting).result.done, true);
    },
  },
  failed: {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 10, fails: true});
      const error = await readToEnd(opened.client, stream);
      assert.equal((error as {statusCode: number}).statusCode, 404);
    },
    waits: true,
  },
  cancelled: {
    async run(opened) {
      const {client, $call} = opened;
      const stream = await open(opened, 'blocked');
      await client.read(stream, 0);
      const waiting = client.read(stream, 1);
      const {id, ref} = $call;
      const body = id === undefined ? {ref} : {method: 'blocked', id};
      assert.deepEqual(await client.call('$cancel', body), {result: true});
      assert.equal((await waiting).error.code, 'CALL_CANCELLED');
    },
    waits: true,
  },
  'unread Readables, stopped': {
    async run(opened) {
      const stream = await open(opened, 'readable');
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'Readables that cannot open': {
    async run(opened) {
      const stream = await open(opened, 'readable', {fails: true});
      const {error} = await opened.client.read(stream, 0);
      assert.equal(error.statusCode, 404);
      await opened.client.stop(stream);
    },
  },
  'web streams, stopped after a read': {
    async run(opened) {
      const stream = await open(opened, 'webStream');
      await opened.client.read(stream, 0);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'unread, cut off': {
    run: opened => open(opened, 'numbers'),
    end: cutOff,
  },
  'unread Readables, cut off': {
    run: opened => open(opened, 'readable'),
    end: cutOff,
  },
  'cut off while reads wait': {
    async run(opened) {
      const {client} = opened;
      const stream = await open(opened, 'blocked');
      await client.read(stream, 0);
      void client.read(stream, 1);
      void client.read(stream, 1, {wait: 60_000});
    },
    end: cutOff,
  },
  expired: {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
    },
    lasts: 500,
    end: ({wire}) => wire.closed,
  },
  revoked: {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
    },
    async end(client, user) {
      if (user === undefined) return client.close();
      void client.call('revoke', user);
      return client.wire.closed;
    },
  },
};
