import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import type {Server as IoServer, Socket} from 'socket.io';
import {authenticateByToken} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import {givenIo} from '../../helpers/io';
import {TRANSPORTS} from '../../helpers/namespace';
import {RawClient, outlastIdleTransport} from '../../helpers/raw-client';
import {givenServer} from '../../helpers/server';

const TIMEOUT = 50;
/** The limit of unauthenticated connections. */
const MOST = 2;
const MESSAGE = 'x'.repeat(100_000);

/** An application whose clients have little time to authenticate, with namespaces of its own. */
async function givenMonitor(namespaces: readonly (string | RegExp)[] = ['/monitor']) {
  let io: IoServer | undefined;
  const given = await givenServer(
    () => undefined,
    {timeout: TIMEOUT},
    {
      component: {maxUnauthenticated: MOST},
      setup: async app => {
        await app.init();
        io = app.getSync(SocketBindings.IO);
        for (const name of namespaces) serve(io, name);
      },
    },
  );
  return Object.assign(given, {io: io as IoServer, url: given.server.url ?? ''});
}

function serve(io: IoServer, name: string | RegExp): void {
  io.of(name).on('connection', (socket: Socket) => {
    socket.on('ask', (text: string, ack: (length: number) => void) => ack(text.length));
  });
}

/** Settles when another client of the server's has been cut at its deadline, which started now. */
async function outlastDeadline(url: string): Promise<void> {
  await using client = givenClient(url, {reconnection: false});
  await client.next('unauthorized');
  await client.next('disconnect');
}

for (const transport of TRANSPORTS) {
  const transports = {transports: [transport], reconnection: false};

  describe(
    `a namespace of the application’s own, over ${transport}`,
    {timeout: seconds(20)},
    () => {
      for (const [title, made] of [
        ['made before start', '/monitor'],
        ['made by a pattern', /^\/mon\w+$/],
      ] as const) {
        it(`${title} is served by socket.io, past every deadline, with its limits`, async () => {
          await using given = await givenMonitor([made]);
          await using client = givenClient(`${given.url}/monitor`, transports);
          await client.next('connect');
          await outlastDeadline(given.url);
          assert.equal(await client.call('ask', MESSAGE), MESSAGE.length);
          assert.deepEqual(client.names, ['connect']);
        });
      }

      it('made while the application runs is served so too', async () => {
        await using given = await givenMonitor([]);
        serve(given.io, '/monitor');
        await using client = givenClient(`${given.url}/monitor`, transports);
        await client.next('connect');
        await outlastDeadline(given.url);
        assert.equal(await client.call('ask', ''), 0);
      });

      it('keeps its connection though a server refuses another socket of it', async () => {
        await using given = await givenMonitor();
        // Its clients have the time that the others lack.
        await using patient = await givenServer();
        const [own, refused] = givenClients(given.url, ['/monitor', '/'], transports);
        await using _own = own;
        await Promise.all([own.next('connect'), refused.next('connect')]);
        assert.equal((await refused.next('unauthorized')).statusCode, 408);
        await refused.next('disconnect');
        await outlastIdleTransport(patient.server.url ?? '');
        assert.equal(await own.call('ask', MESSAGE), MESSAGE.length);
      });

      it('gives its connection up once its client has left it', async () => {
        await using given = await givenMonitor();
        const connected = once(given.io.engine, 'connection');
        await using client = givenClient(`${given.url}/monitor`, transports);
        const [connection] = (await connected) as [Socket['conn']];
        await client.next('connect');
        const [socket] = given.io.of('/monitor').sockets.values();
        const closed = once(connection, 'close');
        socket.disconnect();
        await closed;
      });
    },
  );
}

describe('a namespace of the application’s own', {timeout: seconds(20)}, () => {
  it('does not count its clients as unauthenticated', async () => {
    await using given = await givenMonitor();
    const names = Array.from({length: MOST + 1}, () => `${given.url}/monitor`);
    for (const name of names) {
      const client = givenClient(name, {reconnection: false});
      await client.next('connect');
    }
    assert.equal(given.io.of('/monitor').sockets.size, MOST + 1);
    assert.equal(await RawClient.tryOpen(given.url, 4), 200);
    given.io.of('/monitor').disconnectSockets(true);
  });

  it('refuses clients by its own middleware, and their deadline holds', async () => {
    await using given = await givenMonitor();
    given.io.of('/monitor').use((_socket, next) => next(new Error('Not you.')));
    const connected = once(given.io.engine, 'connection');
    await using client = givenClient(`${given.url}/monitor`, {reconnection: false});
    const [connection] = (await connected) as [Socket['conn']];
    const closed = once(connection, 'close');
    assert.equal((await client.next<Error>('connect_error')).message, 'Not you.');
    await closed;
  });

  it('is a server’s once one has claimed it', async () => {
    await using given = await givenMonitor(['/late']);
    const late = SocketServer.get(given.app, 'late', {timeout: TIMEOUT});
    late.auth(authenticateByToken);
    await using client = await givenAuthenticated(late.url);
    await using refused = givenClient(late.url, {reconnection: false});
    assert.equal((await refused.next('unauthorized')).statusCode, 408);
    await refused.next('disconnect');
    assert.equal(await client.call('ask', 'four'), 4);
  });
});

describe('a socket.io server that the application made', {timeout: seconds(20)}, () => {
  it('keeps its transports open when the last namespace has been left', async () => {
    await using own = await givenIo();
    await using managed = await givenServer();
    await using given = await givenServer(
      () => undefined,
      {},
      {plain: true, start: false},
    );
    given.server.start(own.io);
    await using client = await RawClient.open(own.url);
    await client.send('40');
    await client.until('40{');
    await client.send('42["authentication"]');
    await client.until('41');
    await outlastIdleTransport(managed.server.url ?? '');
    await client.send('40');
    await client.until('40{');
    await client.send('420["authentication",{"token":"ok"}]');
    assert.equal((await client.until('430')).at(-1), '430[{"result":true}]');
    await given.server.stop();
  });
});
