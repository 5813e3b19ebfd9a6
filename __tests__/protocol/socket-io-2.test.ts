import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {RawClient} from '../helpers/raw-client';
import {givenServer} from '../helpers/server';

describe('socket.io 2 clients', () => {
  const define = (server: Parameters<Parameters<typeof givenServer>[0] & object>[0]) =>
    server.defineMethod('echo', (_socket, _credentials, args) => args);

  it('are refused by default', async () => {
    await using given = await givenServer(define);
    assert.equal(await RawClient.tryOpen(given.server.url, 3), 400);
  });

  it('are served with allowEIO3, and join `/` by themselves', async () => {
    await using given = await givenServer(
      define,
      {},
      {component: {io: {allowEIO3: true}}},
    );
    await using client = await RawClient.open(given.server.url, 3);
    assert.equal(await client.next(), '40');
    await client.send('420["echo",1]');
    assert.match((await client.next()) ?? '', /^430\[\{"error":\{"statusCode":401,/);
    await client.send('421["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    assert.deepEqual(await client.answerTo(1), {result: true});
    await client.send('422["echo",{"a":1}]', '423["unknown"]');
    assert.deepEqual(await client.answerTo(2), {result: {a: 1}});
    assert.match((await client.next()) ?? '', /^433\[\{"error":\{"statusCode":404,/);
  });

  it('get `unauthorized` and are disconnected', async () => {
    await using given = await givenServer(
      define,
      {},
      {component: {io: {allowEIO3: true}}},
    );
    await using client = await RawClient.open(given.server.url, 3);
    assert.equal(await client.next(), '40');
    await client.send('42["authentication",{"token":"bad"}]');
    assert.match((await client.next()) ?? '', /^42\["unauthorized",\{"message":/);
    assert.equal(await client.next(), '41');
    assert.equal(await client.next(), undefined);
  });

  for (const [jsonp, status] of [
    [false, 403],
    [true, 200],
  ] as const) {
    it(`${jsonp ? 'may' : 'may not'} poll by JSONP with \`jsonp: ${jsonp}\``, async () => {
      const component = {io: {allowEIO3: true}, jsonp};
      await using given = await givenServer(define, {}, {component});
      const path = '/socket.io/?EIO=3&transport=polling&j=0';
      const response = await fetch(new URL(path, given.server.url));
      assert.equal(response.status, status);
    });
  }
});
