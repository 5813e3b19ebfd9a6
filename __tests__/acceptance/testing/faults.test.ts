import assert from 'node:assert/strict';
import {once} from 'node:events';
import {describe, it} from 'node:test';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {SocketServer} from 'loopback4-socket';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi, ChatEvents} from '../../helpers/chat-app';
import {givenClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';

const within = {timeout: 10_000};

describe('faults that the test kit makes', () => {
  for (const transport of ['websocket', 'polling'] as const) {
    it(
      `drop a client over ${transport}, which comes back by itself`,
      within,
      async () => {
        await using app = await givenSocketApp(ChatApplication);
        const io = {transports: [transport]};
        await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}, io});
        await using ben = await app.client<ChatApi, ChatEvents>({user: {id: 2}});
        const {id} = ana.socket;
        const [gone, back] = [ana.next('disconnect'), ana.next('authenticated')];
        await app.network.drop(ana);
        assert.match(await gone, /^transport (close|error)$/);
        await back;
        assert.notEqual(ana.socket.id, id);
        const said = ana.next('said');
        await ben.call.say({text: 'Hello again'});
        assert.equal(await said, 'Hello again');
      },
    );
  }

  it('are seen by the server', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    const [socket] = SocketServer.get(app.application).io.sockets.values();
    const left = once(socket, 'disconnect');
    await app.network.drop(ana);
    assert.match((await left)[0], /^transport (close|error)$/);
  });

  it('end the calls in flight that have no id', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    const waiting = ana.next('waiting');
    const call = ana.call.wait();
    await waiting;
    const refused = expectCall(call, {statusCode: 503, code: 'DISCONNECTED'});
    await app.network.drop(ana);
    await refused;
  });

  it('do not lose a call with an id, whose method runs once', within, async () => {
    const finished = new Gate();
    const until = async () => {
      await finished.opened;
      return 'done';
    };
    await using app = await givenSocketApp(ChatApplication, {
      bind: {until},
      setup: one => {
        SocketServer.get(one, undefined, {userId: ({id}) => id});
      },
    });
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    const before = await ana.call.count();
    const waiting = ana.next('waiting');
    const call = ana.call.later(undefined, {id: 'order 7'});
    await waiting;
    const back = ana.next('authenticated');
    await app.network.drop(ana);
    await back;
    finished.open();
    assert.equal(await call, 'done');
    assert.equal(await ana.call.count(), before + 2);
  });

  it(
    'let calls that are made without a connection wait for the next one',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      await using ana = await app.client<ChatApi>({user: {id: 1}});
      await app.network.drop(ana);
      assert.equal(ana.socket.connected, false);
      assert.deepEqual(await ana.call.whoAmI(), {id: 1});
    },
  );

  it('delay what a client sends and receives, in order', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi, ChatEvents>({user: {id: 1}});
    await ana.call.say({text: 'zero'}); // Compiles the schema of its args.
    const texts = ['one', 'two', 'three'];
    const said = texts.map(() => ana.next('said'));
    const start = performance.now();
    const calls: Promise<unknown>[] = [];
    for (const [at, text] of texts.entries()) {
      app.network.delay(ana, [100, 150, 0][at]);
      calls.push(ana.call.say({text}));
      await nextTurn(); // The client writes messages of one turn together.
    }
    await Promise.all(calls);
    assert.ok(performance.now() - start >= 149);
    assert.deepEqual(await Promise.all(said), texts);
    const later = performance.now();
    app.network.delay(ana, 50);
    await ana.call.say({text: 'four'});
    assert.ok(performance.now() - later >= 99);
  });

  it('let a client be closed at once that is delayed', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    app.network.delay(ana, 60_000);
    await ana.close();
  });

  it('reach no client of another kind', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using other = givenClient(app.url);
    await assert.rejects(app.network.drop(other), {
      message: 'This client is not one of app.client(…).',
    });
  });
});
