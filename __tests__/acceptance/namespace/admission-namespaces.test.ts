import {RestServer} from '@loopback/rest';
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import {Server} from 'socket.io';
import type {Socket} from 'socket.io';
import {authenticateByToken, givenApp} from '../../helpers/app';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import {TRANSPORTS} from '../../helpers/namespace';
import {outlastIdleTransport, RawClient} from '../../helpers/raw-client';
import {Queue} from '../../helpers/queue';

/** An application with servers that authenticate by token; '' is the default one. */
async function givenServers(
  servers: Record<string, NonNullable<AppOptions['servers']>[string]>,
  setup?: AppOptions['setup'],
): Promise<GivenApp & {root: string}> {
  const given = await givenApp({
    servers,
    setup: async app => {
      for (const name of Object.keys(servers)) {
        SocketServer.get(app, name || undefined).auth(authenticateByToken);
      }
      await app.init();
      await setup?.(app);
    },
  });
  return Object.assign(given, {root: await rootOf(given)});
}

async function rootOf({app}: GivenApp): Promise<string> {
  return (await app.getServer(RestServer)).url ?? '';
}

for (const transport of TRANSPORTS) {
  describe(
    `several servers on one connection over ${transport}`,
    {timeout: seconds(20)},
    () => {
      it('leaves the others alone when one refuses, and they get their broadcasts', async () => {
        await using given = await givenServers({'': {}, admin: {}, chat: {}});
        const [plain, admin, chat] = givenClients(given.root, ['/', '/admin', '/chat'], {
          transports: [transport],
        });
        await using _all = plain;
        plain.socket.emit('authentication', {token: 'ok'});
        chat.socket.emit('authentication', {token: 'ok'});
        admin.socket.emit('authentication', {token: 'wrong'});
        assert.equal((await admin.next('unauthorized')).statusCode, 401);
        assert.equal(await admin.next('disconnect'), 'io server disconnect');
        await Promise.all([plain.next('authenticated'), chat.next('authenticated')]);
        await outlastIdleTransport(given.root);
        for (const name of ['', 'admin', 'chat']) {
          given.get(name || 'SocketServer').io.emit('broadcast', name);
        }
        assert.equal(await plain.next('broadcast'), '');
        assert.equal(await chat.next('broadcast'), 'chat');
        assert.deepEqual(plain.names, ['connect', 'authenticated', 'broadcast']);
        assert.deepEqual(chat.names, ['connect', 'authenticated', 'broadcast']);
        assert.deepEqual(admin.names, ['connect', 'unauthorized', 'disconnect']);
      });

      it('leaves the others alone when one times out', async () => {
        await using given = await givenServers({
          '': {timeout: false},
          admin: {timeout: 20},
        });
        const [plain, admin] = givenClients(given.root, ['/', '/admin'], {
          transports: [transport],
        });
        await using _all = plain;
        assert.equal((await admin.next('unauthorized')).statusCode, 408);
        await admin.next('disconnect');
        await outlastIdleTransport(given.root);
        await plain.authenticate();
        assert.deepEqual(plain.names, ['connect', 'authenticated']);
      });

      it('connects one whose middleware is slow though another has refused at once', async () => {
        const held = new Queue<() => void>();
        await using given = await givenServers({'': {}, slow: {}}, app => {
          SocketServer.get(app, 'slow').io.use((_socket, next) => held.push(next));
        });
        // In this order, so that the one is joining when the other has left.
        const [slow, plain] = givenClients(given.root, ['/slow', '/'], {
          transports: [transport],
          reconnection: false,
          auth: {token: 'wrong'},
        });
        await using _all = plain;
        await plain.next('disconnect');
        const next = await held.next();
        await outlastIdleTransport(given.root);
        next();
        assert.equal(await slow.next('connect'), undefined);
        assert.deepEqual(plain.names, ['connect', 'unauthorized', 'disconnect']);
      });

      it('connects one whose namespace function is slow though another has refused at once', async () => {
        const held = new Queue<() => void>();
        await using given = await givenServers({
          '': {},
          slow: {namespace: (_name, _auth, next) => held.push(() => next(null, true))},
        });
        // In this order, so that the one is joining when the other has left.
        const [slow, plain] = givenClients(given.root, ['/slow', '/'], {
          transports: [transport],
          reconnection: false,
          auth: {token: 'wrong'},
        });
        await using _all = plain;
        const closed = new Promise<void>(resolve => {
          plain.socket.io.on('close', () => resolve());
        });
        await plain.next('disconnect');
        const next = await held.next();
        // Of another application, whose transports wait for no such answer.
        await using other = await givenServers({'': {}});
        await outlastIdleTransport(other.root);
        next();
        await Promise.race([slow.next('connect'), closed]);
        assert.deepEqual(slow.names.slice(0, 1), ['connect']);
      });

      it('leaves the others alone when one is stopped', async () => {
        await using given = await givenServers({'': {}, admin: {}});
        const [plain, admin] = givenClients(given.root, ['/', '/admin'], {
          transports: [transport],
          reconnection: false,
        });
        await using _all = plain;
        await Promise.all([plain.authenticate(), admin.authenticate()]);
        await given.get('admin').stop();
        await admin.next('disconnect');
        given.server.io.emit('broadcast');
        await Promise.race([plain.next('broadcast'), plain.next('disconnect')]);
        assert.deepEqual(plain.names, ['connect', 'authenticated', 'broadcast']);
      });
    },
  );
}

describe('a transport', {timeout: seconds(20)}, () => {
  it('is closed after its only namespace was refused', async () => {
    await using given = await givenServers({'': {}});
    await using client = await RawClient.open(given.root);
    await client.send('40');
    await client.until('40');
    await client.send('42["authentication",{"token":"wrong"}]');
    const packets = await client.until('1');
    assert.deepEqual(
      packets.map(packet => packet.slice(0, 16)),
      ['42["unauthorized', '41', '1'],
    );
    assert.equal(await client.isOpen(), false);
  });

  it('is closed after the client has left its only namespace', async () => {
    await using given = await givenServers({'': {}});
    await using client = await RawClient.open(given.root);
    await client.send('40');
    await client.until('40');
    await client.send('41');
    assert.deepEqual(await client.until('1'), ['1']);
    assert.equal(await client.isOpen(), false);
  });

  it('stays open until the client has left the last of its namespaces', async () => {
    await using given = await givenServers({'': {}, admin: {}});
    await using client = await RawClient.open(given.root);
    await client.send('40', '40/admin,');
    const joined = await client.until('40');
    if (joined.length < 2) await client.until('40');
    await client.send('41');
    await outlastIdleTransport(given.root);
    assert.equal(await client.isOpen(), true);
    await client.send('42/admin,7["authentication",{"token":"ok"}]');
    const packets = await client.until('43');
    assert.ok(packets.includes('43/admin,7[{"result":true}]'), packets.join(' '));

    await client.send('41/admin,');
    assert.deepEqual((await client.until('1')).at(-1), '1');
    assert.equal(await client.isOpen(), false);
  });

  it('is kept for a client that joins another namespace at once', async () => {
    await using given = await givenServers({'': {}, admin: {}});
    await using client = await RawClient.open(given.root);
    await client.send('40');
    await client.until('40');
    await client.send('41', '40/admin,');
    await client.until('40/admin,');
    await outlastIdleTransport(given.root);
    assert.equal(await client.isOpen(), true);
    await client.send('41/admin,');
    await client.until('1');
  });

  it('is closed when the last namespace that was still connecting is refused', async () => {
    const held = new Queue<(error: Error) => void>();
    await using given = await givenServers({'': {}, slow: {}}, app => {
      SocketServer.get(app, 'slow').io.use((_socket, next) => held.push(next));
    });
    await using client = await RawClient.open(given.root);
    await client.send('40', '40/slow,');
    await client.until('40{');
    await client.send('41');
    const next = await held.next();
    await outlastIdleTransport(given.root);
    assert.equal(await client.isOpen(), true);
    next(new Error('Refused.'));
    const packets = await client.until('1');
    assert.ok(packets[0].startsWith('44/slow,'));
  });
});

describe('a namespace', {timeout: seconds(20)}, () => {
  it('refuses clients when no server has it', async () => {
    await using given = await givenServers({admin: {}});
    for (const path of ['/', '/nope', '/admin/nope']) {
      await using client = givenClient(given.root + path, {reconnection: false});
      const error = await client.next<Error>('connect_error');
      assert.equal(error.message, 'Invalid namespace', path);
    }
    await using admin = await givenAuthenticated(given.get('admin').url);
    assert.deepEqual(admin.names, ['connect', 'authenticated']);
  });

  it('refuses clients while its server is idle, even when `io` was asked for', async () => {
    await using given = await givenServers({admin: {}}, async app => {
      SocketServer.get(app, 'idle').io.use((_socket, next) => next());
      SocketServer.get(app, 'untouched');
      SocketServer.get(app).io.use((_socket, next) => next());
    });
    for (const path of ['/', '/idle', '/untouched']) {
      await using client = givenClient(given.root + path, {reconnection: false});
      const error = await client.next<Error>('connect_error');
      assert.equal(error.message, 'Invalid namespace', path);
    }
    const io = await given.app.get(SocketBindings.IO);
    assert.ok(!io._nsps.has('/untouched'));
    assert.equal(given.get('idle').url, undefined);
    assert.equal(given.get('untouched').listening, false);
  });

  it('serves clients once its idle server has something to serve', async () => {
    await using given = await givenServers({admin: {}});
    await using refused = givenClient(given.root, {reconnection: false});
    await refused.next('connect_error');
    given.server.auth(authenticateByToken);
    await using client = await givenAuthenticated(given.root);
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });

  it('is not there, nor is anything else of socket.io, when all servers are idle', async () => {
    await using given = await givenServers({}, app => {
      SocketServer.get(app, 'admin');
    });
    const root = await rootOf(given);
    for (const query of ['', '?EIO=4&transport=polling']) {
      const response = await fetch(`${root}/socket.io/${query}`);
      await response.text();
      assert.equal(response.status, 404, query);
    }
  });
});

describe('the namespaces of a pattern', {timeout: seconds(20)}, () => {
  const pattern = {namespace: /^\/room-\d$/};

  it('are forgotten after their last socket has left', async () => {
    await using given = await givenServers({rooms: pattern});
    const io = await given.app.get(SocketBindings.IO);
    const children = () => [...io._nsps.keys()].filter(name => name !== '/');
    await using one = await givenAuthenticated(`${given.root}/room-1`);
    await using two = await givenAuthenticated(`${given.root}/room-1`);
    await using three = await givenAuthenticated(`${given.root}/room-2`);
    assert.deepEqual(children(), ['/room-1', '/room-2']);
    const child = io.of('/room-1');
    const left = () =>
      new Promise<void>(resolve => {
        for (const socket of child.sockets.values()) {
          socket.once('disconnect', () => resolve());
        }
      });

    let gone = left();
    one.socket.disconnect();
    await gone;
    assert.deepEqual(children(), ['/room-1', '/room-2']);
    gone = left();
    two.socket.disconnect();
    await gone;
    assert.deepEqual(children(), ['/room-2']);

    await using again = await givenAuthenticated(`${given.root}/room-1`);
    io.of('/room-1').emit('broadcast', 1);
    given.get('rooms').io.emit('broadcast', 'all rooms');
    assert.equal(await again.next('broadcast'), 1);
    assert.equal(await again.next('broadcast'), 'all rooms');
    assert.equal(await three.next('broadcast'), 'all rooms');
  });

  it('are forgotten after a client that was refused in each', async () => {
    await using given = await givenServers({rooms: pattern}, app => {
      SocketServer.get(app, 'rooms').io.use((socket, next) =>
        next(socket.nsp.name === '/room-9' ? new Error('Refused.') : undefined),
      );
    });
    const io = await given.app.get(SocketBindings.IO);
    await using client = await RawClient.open(given.root);
    const numbers = [1, 2, 3, 4, 9];
    await client.send(...numbers.map(n => `40/room-${n},{"token":"wrong"}`));
    const packets = await client.until('1');
    assert.equal(packets.filter(packet => packet.startsWith('42/room-')).length, 4);
    assert.equal(packets.filter(packet => packet.startsWith('44/room-9,')).length, 1);
    assert.deepEqual([...io._nsps.keys()], ['/']);
    assert.equal(given.get('rooms').url, undefined);
  });

  for (const leaves of [true, false]) {
    const event = leaves ? 'the last member leaves' : 'another is refused';
    it(`stay while a client is joining, though ${event}`, async () => {
      const joining = new Queue<() => void>();
      await using given = await givenServers({rooms: pattern}, app => {
        SocketServer.get(app, 'rooms').io.use((socket, next) => {
          if (socket.handshake.auth.slow) joining.push(next);
          else next(socket.handshake.auth.refuse ? new Error('Refused.') : undefined);
        });
      });
      const url = `${given.root}/room-1`;
      const auth = {token: 'ok'};
      await using other = leaves
        ? await givenAuthenticated(url)
        : givenClient(url, {auth: {...auth, refuse: true}});
      if (!leaves) await other.next('connect_error');
      await using client = givenClient(url, {auth: {...auth, slow: true}});
      const next = await joining.next();
      if (leaves) {
        const [socket] = [...given.get('rooms').io.server.of('/room-1').sockets.values()];
        const gone = once(socket, 'disconnect');
        other.socket.disconnect();
        await gone;
      } else {
        other.socket.connect();
        await other.next('connect_error');
      }
      next();
      await client.next('authenticated');
      given.get('rooms').io.emit('broadcast', 1);
      assert.equal(await client.next('broadcast'), 1);
      const io = await given.app.get(SocketBindings.IO);
      assert.deepEqual([...io._nsps.keys()], ['/', '/room-1']);
    });
  }

  it('are not removed by a client of a namesake that was removed before', async () => {
    const joining = new Queue<() => void>();
    await using given = await givenServers({rooms: pattern}, app => {
      SocketServer.get(app, 'rooms').io.use((socket, next) => {
        if (socket.handshake.auth.slow) joining.push(next);
        else next();
      });
    });
    const io = await given.app.get(SocketBindings.IO);
    const url = `${given.root}/room-1`;
    const slow = givenClient(url, {auth: {slow: true}});
    const next = await joining.next();
    const [connection] = Object.values(io.engine['clients']);
    const closed = once(connection, 'close');
    await slow[Symbol.asyncDispose]();
    await closed;
    assert.deepEqual([...io._nsps.keys()], ['/']);
    await using client = await givenAuthenticated(url);
    next();
    given.get('rooms').io.emit('broadcast', 1);
    assert.equal(await client.next('broadcast'), 1);
  });

  it('are guarded though they were there before the server was started on the pattern', async () => {
    const http = createServer();
    const io = new Server(http);
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const {port} = http.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/room-1`;
    await using given = await givenApp({start: false});
    await using _closed = {[Symbol.asyncDispose]: () => io.close()};
    const parent = io.of(/^\/room-\d$/);
    await using early = givenClient(url);
    await early.next('connect');
    const server = SocketServer.get(given.app, 'rooms');
    server.auth(authenticateByToken);
    server.start(parent);
    await using late = givenClient(url);
    await late.next('connect');
    parent.emit('broadcast');
    for (const client of [early, late]) {
      const answer = await client.call('authentication', {token: 'ok'});
      assert.deepEqual(answer, {result: true});
    }
    parent.emit('broadcast');
    for (const client of [early, late]) {
      await client.next('broadcast');
      assert.deepEqual(client.names, ['connect', 'authenticated', 'broadcast']);
    }
  });

  it('do not include one that a server has by name, however often clients come and go', async () => {
    await using given = await givenServers({rooms: pattern, 'room-1': {}}, app => {
      // The pattern comes first.
      SocketServer.get(app, 'rooms').io.on('connection', (socket: Socket) => {
        if (socket.nsp.name === '/room-2') socket.emit('pattern');
      });
    });
    const named = given.get('room-1');
    named.defineMethod('whoServes', () => 'the named server');
    given.get('rooms').defineMethod('whoServes', () => 'the pattern');
    for (let round = 0; round < 2; round++) {
      await using client = await givenAuthenticated(`${given.root}/room-1`);
      assert.deepEqual(await client.call('whoServes'), {result: 'the named server'});
      named.io.emit('broadcast');
      await client.next('broadcast');
      const [socket] = named.io.sockets.values();
      const gone = new Promise(resolve => socket.once('disconnect', resolve));
      client.socket.disconnect();
      await gone;
    }
    await using other = await givenAuthenticated(`${given.root}/room-2`);
    assert.deepEqual(await other.call('whoServes'), {result: 'the pattern'});
  });
});
