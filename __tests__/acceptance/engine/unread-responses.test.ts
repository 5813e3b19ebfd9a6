import {RestBindings} from '@loopback/rest';
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import type {Socket as NetSocket} from 'node:net';
import {describe, it} from 'node:test';
import {SocketBindings} from 'loopback4-socket';
import {once, seconds} from '../../helpers/awaited';
import {RawClient} from '../../helpers/raw-client';
import {RawSocket} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

/** More than the system takes for a client that does not read. */
const LARGE = randomBytes(12 * 1024 ** 2).toString('hex');

const head = (url: URL, more = '') =>
  `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

async function givenUnread(io: object, more?: string) {
  const given = await givenServer(undefined, {}, {component: {io}});
  const rest = given.app.getSync(RestBindings.SERVER);
  const {engine} = await given.app.get(SocketBindings.IO);
  const polling = await RawClient.open(given.server.url);
  await polling.send('40');
  await polling.until('40');
  await polling.send('42["authentication",{"token":"ok"}]');
  await polling.until('42["authenticated"');
  const [{conn}] = given.server.io.sockets.values();
  given.server.emit('large', LARGE);
  const accepted = once(rest.httpServer!.server, 'connection') as Promise<[NetSocket]>;
  const reader = await RawSocket.connect(given.server.url);
  reader.stopReading();
  const flushed = once(conn, 'flush');
  reader.write(head(new URL(polling.url), more));
  await flushed;
  const [tcp] = await accepted;
  return {
    given,
    engine,
    polling,
    conn,
    tcp,
    [Symbol.asyncDispose]: async () => {
      await reader[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  };
}

describe('a polling client that does not read a response', {timeout: seconds(20)}, () => {
  for (const [kind, io, more] of [
    ['as it is', {httpCompression: false}, ''],
    ['compressed', {}, 'Accept-Encoding: gzip\r\n'],
  ] as const) {
    it(`cannot fetch the next one, and is gone down to its TCP connection: ${kind}`, async () => {
      await using unread = await givenUnread(io, more);
      const {conn, polling, tcp} = unread;
      const closed = once(conn, 'close');
      const cut = once(tcp, 'close');
      unread.given.server.emit('more');
      const response = await fetch(polling.url);
      assert.equal(response.status, 400);
      await response.text();
      await closed;
      await cut;
      assert.equal(unread.engine.clientsCount, 0);
    });

    it(`is cut down to its TCP connection when its connection is closed: ${kind}`, async () => {
      await using unread = await givenUnread(io, more);
      const cut = once(unread.tcp, 'close');
      unread.conn.close(true);
      await cut;
    });
  }

  it('is served on when it has read it', async () => {
    await using given = await givenServer(
      server => server.defineMethod('large', () => LARGE),
      {},
      {component: {io: {httpCompression: false}}},
    );
    await using polling = await RawClient.open(given.server.url);
    await polling.send('40');
    await polling.until('40');
    await polling.send('42["authentication",{"token":"ok"}]');
    await polling.until('42["authenticated"');
    for (let call = 0; call < 3; call++) {
      await polling.send(`42${call}["large"]`);
      const packets = await polling.until(`43${call}`);
      assert.equal(
        packets.at(-1)?.length,
        LARGE.length + `43${call}[{"result":""}]`.length,
      );
    }
  });
});
