import assert from 'node:assert/strict';
import {it} from 'node:test';
import {SocketServer} from 'loopback4-socket';
import type {SocketComponentOptions, SocketServerOptions} from 'loopback4-socket';
import {connectingSockets} from '../../dist/engine/internals';
import {authenticateByToken} from '../helpers/app';
import type {GivenApp} from '../helpers/app';
import {givenClients, TestClient} from '../helpers/client';
import {remainsOf} from '../helpers/endpoint-remains';
import {Queue} from '../helpers/queue';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

/** The default server and two more, `admin` and `chat`, each with a method that names it. */
function givenServers(
  options: SocketServerOptions = {},
  component?: SocketComponentOptions,
) {
  const define = (server: SocketServer, name: string) => {
    server.auth(authenticateByToken);
    server.defineMethod('where', () => name);
    server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
    server.defineMethod(`${name}Only`, () => true);
  };
  return givenServer(server => define(server, 'root'), options, {
    component,
    setup: app => {
      for (const name of ['admin', 'chat'])
        define(SocketServer.get(app, name, options), name);
    },
  });
}

/** A client that is authenticated in another namespace, `/chat` or `/`. */
async function givenOther(
  given: GivenApp,
  protocol: 3 | 4,
  nsp: string,
): Promise<RawClient> {
  const client = await RawClient.open(given.server.url, protocol);
  // By Engine.IO 3 it joins `/` by itself.
  if (protocol === 3) assert.equal(await client.next(), '40');
  const other = nsp === '/' ? '/chat' : '/';
  if (other !== '/' || protocol === 4) await client.send(joinOf(other));
  await assertServed(client, other, other === '/' && protocol === 3 ? 0 : 1);
  return client;
}

/** The part of a packet before its data. */
const prefixOf = (nsp: string) => (nsp === '/' ? '' : `${nsp},`);
const joinOf = (nsp: string) => `40${prefixOf(nsp)}`;

/** Reads that a client has joined a namespace, once; it authenticates and calls there. */
async function assertServed(client: RawClient, nsp: string, joins = 1): Promise<void> {
  const prefix = prefixOf(nsp);
  if (joins) assert.match((await client.next()) ?? '', new RegExp(`^40${prefix}`));
  await client.send(`421["none"]`.replace('42', `42${prefix}`));
  assert.match((await client.next()) ?? '', new RegExp(`^43${prefix}1.*UNAUTHENTICATED`));
  await client.send(`42${prefix}["authentication",{"token":"ok"}]`);
  assert.equal(await client.next(), `42${prefix}["authenticated",true]`);
  await client.send(`42${prefix}2["where"]`);
  const name = nsp === '/' ? 'root' : nsp.slice(1);
  assert.equal(await client.next(), `43${prefix}2[{"result":"${name}"}]`);
}

/** Calls in the namespace in which the client was authenticated at first. */
async function assertGoesOn(client: RawClient, nsp: string): Promise<void> {
  const prefix = nsp === '/' ? '/chat,' : '';
  await client.send(`42${prefix}9["where"]`);
  assert.match((await client.next()) ?? '', new RegExp(`^43${prefix}9.*"result"`));
}

describeSection('Several servers on one connection', options => {
  it('have their own credentials and methods', async () => {
    await using given = await givenServers();
    const [root, admin] = givenClients(given.server.url, ['/', '/admin'], options);
    await using _root = root;
    await using _admin = admin;
    await root.authenticate({token: 'ok', name: 'user'});
    assert.equal((await admin.call('where')).error.code, 'UNAUTHENTICATED');
    await admin.authenticate({token: 'ok', name: 'boss'});
    assert.equal(root.socket.io.engine, admin.socket.io.engine);
    assert.deepEqual(await root.call('where'), {result: 'root'});
    assert.deepEqual(await admin.call('where'), {result: 'admin'});
    assert.deepEqual(await root.call('whoAmI'), {result: 'user'});
    assert.deepEqual(await admin.call('whoAmI'), {result: 'boss'});
    assert.equal((await root.call('adminOnly')).error.code, 'METHOD_NOT_FOUND');
  });

  it('go on when one refuses', async () => {
    await using given = await givenServers();
    const clients = givenClients(given.server.url, ['/', '/admin', '/chat'], options);
    await using _first = clients[0];
    for (const [index, refused] of clients.entries()) {
      if (index === 2) break;
      await refused.next('connect');
      refused.socket.emit('authentication', {token: 'bad'});
      await refused.next('unauthorized');
      assert.equal(await refused.next('disconnect'), 'io server disconnect');
    }
    await clients[2].authenticate();
    assert.deepEqual(await clients[2].call('where'), {result: 'chat'});
    assert.equal(clients[2].names.includes('disconnect'), false);
  });

  it('go on when a renewal fails on one, and when the client leaves one', async () => {
    await using given = await givenServers();
    const clients = givenClients(given.server.url, ['/', '/admin', '/chat'], options);
    await using _first = clients[0];
    const [root, admin, chat] = clients;
    for (const client of clients) await client.authenticate();
    admin.socket.emit('authentication', {token: 'bad'});
    await admin.next('disconnect');
    chat.socket.disconnect();
    assert.deepEqual(await root.call('where'), {result: 'root'});
    assert.deepEqual(root.names, ['connect', 'authenticated']);
  });

  it('let a client come back to one that refused it', async () => {
    await using given = await givenServers();
    const [root, admin] = givenClients(given.server.url, ['/', '/admin'], options);
    await using _root = root;
    await root.authenticate();
    admin.socket.emit('authentication', {token: 'bad'});
    await admin.next('disconnect');
    admin.socket.connect();
    await admin.authenticate();
    assert.deepEqual(await admin.call('where'), {result: 'admin'});
    assert.deepEqual(await root.call('where'), {result: 'root'});
    assert.deepEqual(root.names, ['connect', 'authenticated']);
  });

  it('go on when the client joins one, leaves it and joins it again at once', async () => {
    await using given = await givenServers();
    const [root] = givenClients(given.server.url, ['/'], options);
    await using _root = root;
    await root.authenticate();
    root.socket.io.reconnection(false);
    const admin = new TestClient(root.socket.io.socket('/admin', {auth: {token: 'ok'}}));
    admin.socket.disconnect();
    for (let round = 0; round < 3; round++) {
      admin.socket.connect();
      admin.socket.disconnect();
      admin.socket.connect();
      await admin.next('authenticated');
      assert.deepEqual(await admin.call('where'), {result: 'admin'});
      admin.socket.disconnect();
    }
    assert.deepEqual(await root.call('where'), {result: 'root'});
    assert.deepEqual(root.names, ['connect', 'authenticated']);
    assert.deepEqual(given.logged, []);
  });

  it('go on when the client asks for a namespace that no server serves', async () => {
    await using given = await givenServers();
    const [root, nowhere] = givenClients(given.server.url, ['/', '/nowhere'], options);
    await using _root = root;
    const error: Error = await nowhere.next('connect_error');
    assert.equal(error.message, 'Invalid namespace');
    await root.authenticate();
    assert.deepEqual(await root.call('where'), {result: 'root'});
  });
});

describeFrames('Several servers on one connection', () => {
  it('close the transport when the last has gone', async () => {
    await using given = await givenServers();
    await using client = await RawClient.open(given.server.url);
    await client.send('40', '40/admin,');
    await client.next();
    await client.next();
    await client.send('42["authentication"]');
    assert.match((await client.next()) ?? '', /^42\["unauthorized",/);
    assert.equal(await client.next(), '41');
    await client.send('42/admin,["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42/admin,["authenticated",true]');
    await client.send('42/admin,["authentication"]');
    assert.match((await client.next()) ?? '', /^42\/admin,\["unauthorized",/);
    assert.equal(await client.next(), '41/admin,');
    assert.equal(await client.next(), undefined);
  });

  it('go on when a packet crosses the end of another', async () => {
    await using given = await givenServers();
    await using client = await RawClient.open(given.server.url);
    await client.send('40', '40/admin,');
    await client.next();
    await client.next();
    await client.send('42["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    await client.send('42/admin,["authentication"]');
    assert.match((await client.next()) ?? '', /^42\/admin,\["unauthorized",/);
    assert.equal(await client.next(), '41/admin,');
    // Sent before the client could know.
    await client.send('42/admin,["where"]', '421["where"]');
    assert.deepEqual(await client.answerTo(1), {result: 'root'});
  });

  it('go on when a packet crosses the application’s own goodbye', async () => {
    await using given = await givenServers();
    given.get('admin').defineMethod('leave', socket => socket.disconnect());
    await using client = await RawClient.open(given.server.url);
    await client.send('40', '40/admin,');
    await client.next();
    await client.next();
    await client.send('42["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    await client.send('42/admin,["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42/admin,["authenticated",true]');
    await client.send('42/admin,["leave"]');
    assert.equal(await client.next(), '41/admin,');
    await client.send('42/admin,["where"]', '421["where"]');
    assert.deepEqual(await client.answerTo(1), {result: 'root'});
  });

  for (const protocol of [3, 4] as const) {
    for (const nsp of ['/', '/admin']) {
      const [join, leave] = [joinOf(nsp), `41${prefixOf(nsp)}`];
      const twice: [title: string, frames: string[]][] = [
        ['at once', [join, join]],
        ['at once, having left in between', [join, leave, join]],
        ['at once, three times', [join, leave, join, leave, join]],
      ];
      for (const [title, frames] of twice) {
        it(`give a client that joins ${nsp} twice ${title} a new socket, by Engine.IO ${protocol}`, async () => {
          await using given = await givenServers({}, {io: {allowEIO3: true}});
          await using client = await givenOther(given, protocol, nsp);
          await client.send(...frames);
          await assertServed(client, nsp);
          await assertGoesOn(client, nsp);
          const server = nsp === '/' ? given.server : given.get('admin');
          assert.equal(remainsOf(server).connections, 1);
          assert.equal(server.io.sockets.size, 1);
          assert.equal(connectingSockets(server.io).size, 0);
        });
      }

      it(`give a client that joins ${nsp} again one after the other, and let the first end, by Engine.IO ${protocol}`, async () => {
        await using given = await givenServers({}, {io: {allowEIO3: true}});
        const server = nsp === '/' ? given.server : given.get('admin');
        const reasons: string[] = [];
        const called: unknown[] = [];
        server.onDisconnected((_socket, reason) => void reasons.push(reason));
        server.defineMethod('note', (_socket, _credentials, args) => called.push(args));
        await using client = await givenOther(given, protocol, nsp);
        await client.send(join);
        await assertServed(client, nsp);
        for (const [round, frames] of [
          [join],
          [leave, join],
          [leave, join, join],
        ].entries()) {
          // Earlier packets still belong to the first one.
          await client.send(`42${prefixOf(nsp)}["note",${round}]`, ...frames);
          await assertServed(client, nsp);
          assert.equal(called.at(-1), round);
        }
        assert.deepEqual(reasons, Array(3).fill('client namespace disconnect'));
        assert.equal(remainsOf(server).connections, 1);
      });

      it(`leave nothing of a client that leaves ${nsp} while it joins, by Engine.IO ${protocol}`, async () => {
        await using given = await givenServers({}, {io: {allowEIO3: true}});
        const server = nsp === '/' ? given.server : given.get('admin');
        await using client = await givenOther(given, protocol, nsp);
        await client.send(join, leave);
        await assertGoesOn(client, nsp);
        assert.equal(server.io.sockets.size, 0);
        assert.equal(connectingSockets(server.io).size, 0);
        await client.send(join);
        await assertServed(client, nsp);
      });
    }

    for (const refuses of [false, true]) {
      for (const frames of [['40/admin,'], ['41/admin,', '40/admin,']]) {
        const title = `${frames.length === 2 ? 'leaves and ' : ''}joins again`;
        const outcome = refuses ? 'refuses' : 'lets in';
        it(`hear nothing of a client that ${title} while a middleware runs that then ${outcome}, by Engine.IO ${protocol}`, async () => {
          await using given = await givenServers({}, {io: {allowEIO3: true}});
          const admin = given.get('admin');
          const joining = new Queue<(error?: Error) => void>();
          admin.io.use((_socket, next) => joining.push(next));
          await using client = await givenOther(given, protocol, '/admin');
          await client.send('40/admin,');
          const first = await joining.next();
          await client.send(...frames);
          const second = await joining.next();
          first(refuses ? new Error('No.') : undefined);
          await assertGoesOn(client, '/admin');
          second();
          await assertServed(client, '/admin');
          assert.equal(admin.io.sockets.size, 1);
          assert.equal(connectingSockets(admin.io).size, 0);
          assert.equal(remainsOf(admin).connections, 1);
        });
      }
    }

    it(`let a client come back as often as it is refused, by Engine.IO ${protocol}`, async () => {
      await using given = await givenServers({}, {io: {allowEIO3: true}});
      await using client = await RawClient.open(given.server.url, protocol);
      if (protocol === 4) await client.send('40');
      await client.next();
      await client.send('42["authentication",{"token":"ok"}]');
      assert.equal(await client.next(), '42["authenticated",true]');
      for (let time = 0; time < 10; time++) {
        await client.send('40/admin,');
        assert.match((await client.next()) ?? '', /^40\/admin/);
        await client.send('42/admin,["authentication"]');
        assert.match((await client.next()) ?? '', /^42\/admin,\["unauthorized",/);
        assert.equal(await client.next(), '41/admin,');
      }
    });
  }
});
