import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {inject} from '@loopback/core';
import type {ApplicationConfig} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {
  SocketBindings,
  SocketComponent,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {Gate} from '../../helpers/gate';

const within = {timeout: 10_000};
const user = {[securityId]: '1'};
const TRANSPORTS = ['websocket', 'polling'] as const;

interface TradeApi {
  ticks(args: {count: number}): AsyncIterable<number>;
  photo(args?: object): {bytes: number};
}

interface TradeEvents {
  confirm(question: {order: number}): boolean;
}

class TradeController {
  constructor(@inject('ended', {optional: true}) private ended?: () => void) {}

  @socketMethod('ticks', {args: {type: 'object'}, item: {type: 'integer'}})
  async *ticks(socket: Socket, credentials: unknown, args: {count: number}) {
    try {
      for (let tick = 0; tick < args.count; tick++) yield tick;
    } finally {
      this.ended?.();
    }
  }

  @socketMethod()
  async photo(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of upload) bytes += chunk.byteLength;
    return {bytes};
  }
}

class TradeApplication extends RestApplication {
  constructor(options: ApplicationConfig = {}) {
    super(options);
    this.component(SocketComponent);
    this.controller(TradeController);
    SocketServer.get(this).auth(() => false);
  }
}

function counted(count: number): number[] {
  return Array.from({length: count}, (_, tick) => tick);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('streams in the test kit', () => {
  for (const transport of TRANSPORTS) {
    it(`are iterated over ${transport}`, within, async () => {
      await using app = await givenSocketApp(TradeApplication);
      const io = {transports: [transport]};
      await using ana = await app.client<TradeApi>({user, io});
      assert.deepEqual(await all(ana.call.ticks({count: 100})), counted(100));
      assert.deepEqual(await all(await ana.call.ticks({count: 3})), [0, 1, 2]);
    });

    it(
      `go on over ${transport} when their connection is cut, if they have an id`,
      within,
      async () => {
        await using app = await givenSocketApp(TradeApplication);
        const io = {transports: [transport]};
        await using ana = await app.client<TradeApi>({user, io});
        const found: number[] = [];
        for await (const tick of ana.call.ticks({count: 5000}, {id: true})) {
          found.push(tick);
          if (tick === 100 || tick === 2500) await app.network.drop(ana);
        }
        assert.deepEqual(found, counted(5000));
      },
    );
  }

  it('end at the server when their loop is left', within, async () => {
    const ended = new Gate();
    await using app = await givenSocketApp(TradeApplication, {bind: {ended: ended.open}});
    await using ana = await app.client<TradeApi>({user});
    for await (const tick of ana.call.ticks({count: 1e9})) {
      if (tick === 3) break;
    }
    await ended.opened;
  });

  it('fail with a lost connection, if they have no id', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    await using ana = await app.client<TradeApi>({user});
    const items = await ana.call.ticks({count: 1e9});
    await items.next();
    await app.network.drop(ana);
    await expectCall(all(items), {statusCode: 503, code: 'DISCONNECTED'});
  });

  it('are refused like any call', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    await using ana = await app.client<TradeApi>({user});
    // @ts-expect-error The compiler refuses these args; the server does, too.
    await expectCall(ana.call.ticks(17), {code: 'VALIDATION_FAILED'});
    // @ts-expect-error They fail in a loop, too.
    await expectCall(all(ana.call.ticks(17)), {code: 'VALIDATION_FAILED'});
  });

  it('need no network', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    const ana = app.caller<TradeApi>({user});
    assert.deepEqual(await all(ana.ticks({count: 100})), counted(100));
  });
});

describe('uploads in the test kit', () => {
  const bytes = new Uint8Array(1_000_000);

  it('are sent by clients, with progress, and by callers', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    await using ana = await app.client<TradeApi>({user});
    const progress: number[] = [];
    const onProgress = (sent: number) => void progress.push(sent);
    const call = ana.call.photo({}, {upload: bytes, onProgress});
    assert.deepEqual(await call, {bytes: bytes.length});
    assert.equal(progress.at(-1), bytes.length);
    const ben = app.caller<TradeApi>({user});
    assert.deepEqual(await ben.photo({}, {upload: bytes}), {bytes: bytes.length});
  });

  it('go on when their connection is cut, if they have an id', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    await using ana = await app.client<TradeApi>({user});
    let cut: Promise<void> | undefined;
    const onProgress = () => void (cut ??= app.network.drop(ana));
    const call = ana.call.photo({}, {upload: bytes, onProgress, id: true});
    assert.deepEqual(await call, {bytes: bytes.length});
    assert(cut, 'there was no cut');
    await cut;
  });
});

describe('questions of the server in the test kit', () => {
  it('are answered by a client, which has them among its events', within, async () => {
    await using app = await givenSocketApp(TradeApplication);
    await using ana = await app.client<TradeApi, TradeEvents>({user});
    const stop = ana.answer('confirm', async ({order}) => order === 7);
    const server = SocketServer.get(app.application);
    const asked = ana.next('confirm');
    assert.equal(await server.askUser('1', 'confirm', {order: 7}), true);
    assert.deepEqual(await asked, {order: 7});
    assert.deepEqual(ana.received.at(-1), ['confirm', {order: 7}]);
    assert.equal(await server.askUser('1', 'confirm', {order: 8}), false);
    stop();
    const unanswered = server.askUser('1', 'confirm', {order: 9});
    await assert.rejects(unanswered, {statusCode: 404});
  });
});
