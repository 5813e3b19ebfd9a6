import assert from 'node:assert/strict';
import {it} from 'node:test';
import {SocketServer} from 'loopback4-socket';
import type {SocketComponentOptions, SocketServerOptions} from 'loopback4-socket';
import {connectingSockets} from '../../dist/socket-io-internals';
import {authenticateByToken} from '../helpers/app';
import {givenClients} from '../helpers/client';
import {remainsOf} from '../helpers/endpoint-remains';
import {Gate} from '../helpers/gate';
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
      it(`close the connection when the client joins ${nsp} twice, by Engine.IO ${protocol}`, async () => {
        await using given = await givenServers({timeout: false}, {io: {allowEIO3: true}});
        await using client = await RawClient.open(given.server.url, protocol);
        const join = nsp === '/' ? '40' : `40${nsp},`;
        await client.send(join, join);
        while (!client.closed) await client.next();
        // Joined one after the other, socket.io itself sees it.
        await using later = await RawClient.open(given.server.url, protocol);
        await later.send(join);
        await later.next();
        await later.send(join);
        while (!later.closed) await later.next();
        await using other = await RawClient.join(given.server.url);
        await other.send('421["where"]');
        assert.ok(await other.answerTo(1));
        assert.equal(remainsOf(given.server).connections, 1);
        assert.equal(remainsOf(given.get('admin')).connections, 0);
      });
    }

    it(`close the connection when the client joins again while a middleware runs, by Engine.IO ${protocol}`, async () => {
      await using given = await givenServers({timeout: false}, {io: {allowEIO3: true}});
      const admin = given.get('admin');
      const joining = new Gate();
      admin.io.use(() => joining.open());
      await using client = await RawClient.open(given.server.url, protocol);
      await client.send('40/admin,');
      await joining.opened;
      await client.send('40/admin,');
      while (!client.closed) await client.next();
      assert.equal(connectingSockets(admin.io).size, 0);
    });

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
