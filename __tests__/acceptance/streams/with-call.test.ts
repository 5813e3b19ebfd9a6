import {tracked, withCall} from 'loopback4-socket';
import type {SocketCall} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {authenticateByToken} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

type News = SocketCall<{topic: string}>;

async function* news({args, after}: News) {
  yield tracked('last', `${args.topic} after ${after}`);
  await Promise.resolve();
}

const model = {
  prefix: 'model',
  news: withCall(
    function (this: {prefix: string}, call: News) {
      assert.equal(this.prefix, 'model');
      return news(call);
    },
    {after: true},
  ),
};

describe('a handler that receives its call', () => {
  it('has all that a call has', async () => {
    await using given = await givenServer(server => {
      server.auth(
        withCall(({socket, credentials}) => authenticateByToken(socket, credentials)),
      );
      server.defineMethod(
        'describe',
        withCall(({server: name, event, socket, credentials, user, args, signal}) => ({
          ...{name, event, id: socket.id, credentials, user, args},
          aborted: signal.aborted,
        })),
      );
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('describe', {of: 1}), {
      result: {
        name: 'SocketServer',
        event: 'describe',
        id: client.socket.id,
        credentials: {token: 'ok'},
        user: {name: 'someone'},
        args: {of: 1},
        aborted: false,
      },
    });
  });

  it('starts a stream after an item when it says that it does', async () => {
    await using given = await givenServer(server => {
      server.defineMethod('news', withCall(news, {after: true}));
      server.defineMethod('deaf', withCall(news));
      server.defineMethod('model', {model, method: 'news'});
    });
    await using client = await givenAuthenticated(given.server.url);
    const call = (name: string) =>
      client.socket.emitWithAck(name, {topic: 'A'}, {$call: {after: '7'}});
    for (const name of ['news', 'model']) {
      const {stream} = await call(name);
      const {result} = await client.socket.emitWithAck('$next', {stream, got: 0});
      assert.deepEqual([result.items, result.ids], [['A after 7'], ['last']]);
    }
    const {error} = await call('deaf');
    assert.equal(error.statusCode, 400);
  });

  it('reads an upload when it says that it does', async () => {
    await using given = await givenServer(server => {
      const sum = async ({upload}: SocketCall) => {
        let result = 0;
        for await (const item of upload ?? []) result += item as number;
        return result;
      };
      server.defineMethod('sum', withCall(sum, {upload: true}));
      server.defineMethod('deaf', withCall(sum));
    });
    await using client = await givenAuthenticated(given.server.url);
    const options = {$call: {ref: '1', upload: true}};
    const reply = client.socket.emitWithAck('sum', null, options);
    client.socket.emit('$send', {ref: '1', at: 0, items: [1, 2], done: true});
    assert.deepEqual(await reply, {result: 3});
    assert.deepEqual(await client.call('sum'), {result: 0});
    const {error} = await client.socket.emitWithAck('deaf', null, options);
    assert.equal(error.statusCode, 400);
  });

  it('is aborted, and named in the log', async () => {
    let aborted: Promise<unknown> | undefined;
    await using given = await givenServer(server => {
      server.defineMethod(
        'waits',
        withCall(function waits({signal}) {
          aborted = once(signal, 'abort');
          return aborted;
        }),
      );
      server.onConnected(
        withCall(function greets({socket}) {
          socket.emit('welcome');
        }),
      );
      server.defineMethod(
        'fails',
        withCall(function failing() {
          throw new Error('no reason');
        }),
      );
    });
    await using client = await givenAuthenticated(given.server.url);
    await client.next('welcome');
    assert.equal((await client.call('fails')).error.statusCode, 500);
    assert.equal(given.logged[0][2].handler, 'failing');
    const reply = client.socket.emitWithAck('waits', null, {$call: {ref: '1'}});
    await client.socket.emitWithAck('$cancel', {ref: '1'});
    assert.equal((await reply).error.code, 'CALL_CANCELLED');
    await aborted;
  });
});
