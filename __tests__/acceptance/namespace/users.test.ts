import {injectable, inject} from '@loopback/core';
import {param, post, RestBindings} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

interface Credentials {
  id?: string;
  name?: string;
}

function givenUsers(options: SocketServerOptions = {}, appOptions: object = {}) {
  return givenServer(
    server => {
      server.auth((_socket, {id, name}: Credentials) => ({
        ...(id !== undefined && {[securityId]: id}),
        name: name ?? 'nobody',
      }));
      server.onConnected(socket => socket.join('everyone'));
      server.defineMethod('ping', () => 'pong');
    },
    options,
    appOptions,
  );
}

/** Names of the events of the application's that a client has received by now. */
async function receivedBy(client: TestClient): Promise<string[]> {
  await client.call('ping');
  return client.names.filter(name => !['connect', 'authenticated'].includes(name));
}

const KINDS = {
  'the root namespace': {options: {}, paths: ['', '', '']},
  'a named one': {options: {namespace: '/chat'}, paths: ['/chat', '/chat', '/chat']},
  'a pattern': {
    options: {namespace: /^\/tenant-\d$/},
    paths: ['/tenant-1', '/tenant-2', '/tenant-1'],
  },
  'a function': {
    options: {
      namespace: (
        name: string,
        _auth: unknown,
        next: (error: null, ok: boolean) => void,
      ) => next(null, name.startsWith('/room')),
    },
    paths: ['/room-1', '/room-2', '/room-1'],
  },
};

for (const [title, {options, paths}] of Object.entries(KINDS)) {
  describe(`a server on ${title}`, () => {
    /** Ana twice, and Ben. */
    async function givenThree() {
      const given = await givenUsers(options);
      const {rootUrl} = await given.app.get(RestBindings.SERVER);
      const connect = (path: string, id: string) =>
        givenAuthenticated(`${rootUrl}${path}`, {id}, {reconnection: false});
      const clients = await Promise.all([
        connect(paths[0], 'ana'),
        connect(paths[1], 'ana'),
        connect(paths[2], 'ben'),
      ]);
      return {given, server: given.server, clients};
    }

    it('emits to everyone, to a room, and to a user on all sockets', async () => {
      const {given, server, clients} = await givenThree();
      await using _given = given;
      await using ana = clients[0];
      await using anaToo = clients[1];
      await using ben = clients[2];
      server.emit('all', 1);
      server.to('everyone').emit('room', 1);
      server.to('nobody').emit('nobody', 1);
      server.toUser('ana').emit('ana', 1);
      server.toUser('ben').emit('ben', 1);
      server.toUser('an').emit('nobody', 1);
      server.toUser('ana').except('everyone').emit('nobody');
      server.except('nobody').emit('almost all', 1);
      for (const client of [ana, anaToo]) {
        assert.deepEqual(await receivedBy(client), ['all', 'room', 'ana', 'almost all']);
      }
      assert.deepEqual(await receivedBy(ben), ['all', 'room', 'ben', 'almost all']);
    });

    it("lists a user's sockets, and everyone's", async () => {
      const {given, server, clients} = await givenThree();
      await using _given = given;
      await using ana = clients[0];
      await using anaToo = clients[1];
      await using ben = clients[2];
      const idsOf = (sockets: {id: string}[]) => sockets.map(({id}) => id).sort();
      const expected = [ana.socket.id!, anaToo.socket.id!].sort();
      assert.deepEqual(idsOf(await server.fetchUserSockets('ana')), expected);
      assert.deepEqual(await server.fetchUserSockets('nobody'), []);
      assert.equal((await server.io.fetchSockets()).length, 3);
      assert.equal((await server.to('everyone').fetchSockets()).length, 3);
      server.toUser('ana').socketsJoin('vip');
      assert.deepEqual(idsOf(await server.io.in('vip').fetchSockets()), expected);
      server.io.socketsLeave('vip');
      assert.deepEqual(await server.to('vip').fetchSockets(), []);
      anaToo.socket.disconnect();
      await anaToo.next('disconnect');
      while ((await server.fetchUserSockets('ana')).length > 1) await ana.call('ping');
      assert.deepEqual(idsOf(await server.fetchUserSockets('ana')), [ana.socket.id]);
      await ben.call('ping');
    });

    it("disconnects a user's sockets, and no other", async () => {
      const {given, server, clients} = await givenThree();
      await using _given = given;
      await using ana = clients[0];
      await using anaToo = clients[1];
      await using ben = clients[2];
      server.disconnectUser('ana');
      for (const client of [ana, anaToo]) {
        assert.equal(await client.next('disconnect'), 'io server disconnect');
      }
      assert.deepEqual(await ben.call('ping'), {result: 'pong'});
      assert.deepEqual(await server.fetchUserSockets('ana'), []);
      assert.equal((await server.fetchUserSockets('ben')).length, 1);
    });
  });
}

describe('a user', () => {
  it('is reached through a server injected in a REST controller', async () => {
    interface Events {
      news: (text: string, count: number) => void;
    }

    @injectable()
    class NewsController {
      constructor(
        @inject(SocketBindings.server())
        private readonly server: SocketServer<Record<string, never>, Events>,
      ) {}

      @post('/news/{id}')
      publish(@param.path.string('id') id: string) {
        this.server.toUser(id).emit('news', 'Hello', 1);
        return {sent: true};
      }
    }
    await using given = await givenUsers({}, {controllers: [NewsController]});
    await using ana = await givenAuthenticated(given.server.url, {id: 'ana'});
    const response = await fetch(`${given.server.url}/news/ana`, {method: 'POST'});
    assert.deepEqual(await response.json(), {sent: true});
    assert.equal(await ana.next('news'), 'Hello');
    assert.deepEqual(ana.received.at(-1), ['news', 'Hello', 1]);
  });

  it('is known by what userId says', async () => {
    await using given = await givenUsers({
      userId: (user: {name?: string}, {nsp}) =>
        user.name === 'nobody' ? undefined : `${nsp.name}${user.name ?? ''}`,
    });
    await using ana = await givenAuthenticated(given.server.url, {id: '1', name: 'ana'});
    await using nobody = await givenAuthenticated(given.server.url, {id: '1'});
    given.server.toUser('/ana').emit('ana');
    given.server.toUser('1').emit('one');
    assert.deepEqual(await receivedBy(ana), ['ana']);
    assert.deepEqual(await receivedBy(nobody), []);
  });

  it('is refused when userId fails, and the failure is logged', async () => {
    await using given = await givenUsers({
      userId: () => {
        throw new Error('secret');
      },
    });
    await using client = givenClient(given.server.url);
    client.socket.emit('authentication', {id: 'ana'});
    assert.equal((await client.next('unauthorized')).message, 'Authentication failed.');
    assert.match(String(given.logged[0][0]), /secret/);
  });

  it('may have a number as its id, 0 included', async () => {
    await using given = await givenUsers({userId: (user: {name: string}) => +user.name});
    await using zero = await givenAuthenticated(given.server.url, {name: '0'});
    await using seven = await givenAuthenticated(given.server.url, {name: '7'});
    given.server.toUser(0).emit('zero');
    given.server.toUser(7).emit('seven');
    given.server.toUser('7').emit('seven as a string');
    assert.equal((await given.server.fetchUserSockets(0)).length, 1);
    assert.deepEqual(await receivedBy(zero), ['zero']);
    assert.deepEqual(await receivedBy(seven), ['seven', 'seven as a string']);
    given.server.disconnectUser(0);
    assert.equal((await zero.next('unauthorized')).code, 'AUTHENTICATION_REVOKED');
  });

  for (const none of [undefined, null, '']) {
    it(`has no id where userId says ${JSON.stringify(none)}`, async () => {
      await using given = await givenUsers({userId: () => none});
      await using client = await givenAuthenticated(given.server.url, {});
      const [{rooms, id}] = given.server.io.sockets.values();
      assert.deepEqual([...rooms], [id, 'everyone']);
      void client;
    });
  }

  for (const [title, id] of [
    ['an object', {id: 1}],
    ['an array', [1]],
    ['a Date', new Date()],
    ['true', true],
    ['false', false],
    ['a bigint', 1n],
    ['a symbol', Symbol('id')],
    ['NaN', NaN],
    ['Infinity', Infinity],
  ] as const) {
    it(`is refused when its id is ${title}, and that is logged`, async () => {
      await using given = await givenUsers({userId: () => id as unknown as string});
      await using client = givenClient(given.server.url);
      client.socket.emit('authentication', {id: 'ana'});
      assert.equal((await client.next('unauthorized')).code, 'AUTHENTICATION_FAILED');
      assert.match(
        (given.logged[0][0] as Error).message,
        /^The id of a user must be a string or a number\. Check the option userId/,
      );
      assert.equal(given.logged.length, 1);
    });
  }

  it('is reached from the first connected handler on', async () => {
    await using given = await givenUsers();
    given.server.onConnected(() => void given.server.toUser('ana').emit('early'));
    await using ana = await givenAuthenticated(given.server.url, {id: 'ana'});
    assert.deepEqual(ana.names, ['connect', 'early', 'authenticated']);
  });

  it('without an id is meant by no id, the empty one included', async () => {
    await using given = await givenUsers();
    await using nameless = await givenAuthenticated(given.server.url, {});
    await using empty = await givenAuthenticated(given.server.url, {id: ''});
    given.server.toUser('').emit('news');
    given.server.disconnectUser('');
    assert.deepEqual(await given.server.fetchUserSockets(''), []);
    for (const client of [nameless, empty]) {
      assert.deepEqual(await receivedBy(client), []);
    }
  });

  it('is not reached before authentication has succeeded', async () => {
    await using given = await givenUsers();
    const seen: number[] = [];
    given.server.auth(async () => {
      seen.push((await given.server.fetchUserSockets('ana')).length);
      given.server.toUser('ana').emit('early');
      return {[securityId]: 'ana'};
    });
    await using ana = await givenAuthenticated(given.server.url, {id: 'ana'});
    assert.deepEqual(seen, [0]);
    assert.deepEqual(await receivedBy(ana), []);
  });

  it('has none of what another user’s connection left, when that is recovered', async () => {
    await using given = await givenUsers(
      {},
      {component: {io: {connectionStateRecovery: {}}}},
    );
    const {server} = given;
    await using client = await givenAuthenticated(
      server.url,
      {id: 'ana'},
      {reconnection: false},
    );
    await client.next('connect');
    server.emit('before');
    await client.next('before');
    const [first] = server.io.sockets.values();
    await first.join('private');
    first.data.secret = 'ana’s';
    const gone = once(first, 'disconnect');
    client.socket.io.engine.close();
    await gone;
    server.to('private').emit('missed');
    server.toUser('ana').emit('missed');
    client.socket.connect();
    await client.next('connect');
    assert.ok(client.socket.recovered);
    await client.authenticate({id: 'ben'});
    const [second] = server.io.sockets.values();
    assert.deepEqual(second.data, {});
    assert.equal(second.rooms.size, 3);
    server.to('private').emit('private');
    server.toUser('ana').emit('private');
    server.toUser('ben').emit('own');
    assert.deepEqual(await receivedBy(client), ['before', 'disconnect', 'own']);
    assert.ok(second.rooms.has('everyone'));
  });
});

describe('a user is known by the securityId', () => {
  const ofAnotherCopy = Symbol('securityId');
  class Account {
    get [securityId]() {
      return 'ana';
    }
  }
  for (const [title, user] of Object.entries({
    'of the installed @loopback/security': {[securityId]: 'ana'},
    'of another copy of @loopback/security': {[ofAnotherCopy]: 'ana'},
    'that its class has': new Account(),
  })) {
    it(title, async () => {
      await using given = await givenServer(server => server.auth(() => user));
      await using client = await givenAuthenticated(given.server.url);
      given.server.toUser('ana').emit('hello');
      await client.next('hello');
    });
  }
});

describe('the room of a user', () => {
  /** A server on which clients choose the rooms that they join and leave, and Ana, who is told things. */
  async function givenRooms(appOptions: object = {}) {
    const given = await givenUsers({}, appOptions);
    const {server} = given;
    server.defineMethod('join', (socket, _credentials, rooms) => socket.join(rooms));
    server.defineMethod('leave', (socket, _credentials, room) => socket.leave(room));
    const ana = await givenAuthenticated(server.url, {id: 'ana'});
    const [socket] = server.io.sockets.values();
    const [room] = [...socket.rooms].filter(one => one.endsWith('ana'));
    const [prefix] = room.split('ana');
    return {given, server, ana, prefix};
  }

  it('cannot be joined by its name', async () => {
    const {given, server, ana, prefix} = await givenRooms();
    await using _given = given;
    await using _ana = ana;
    await using ben = await givenAuthenticated(server.url, {id: 'ben'});
    await ben.call('join', `${prefix}ana`);
    await ben.call('join', ['other', `${prefix}ana`, `${prefix}carl`]);
    server.io.in('other').socketsJoin([`${prefix}ana`]);
    for (const id of ['ana', 'carl']) server.toUser(id).emit(id);
    server.to('other').emit('other');
    server.toUser('ben').emit('ben');
    assert.deepEqual(await receivedBy(ben), ['other', 'ben']);
    assert.deepEqual(await receivedBy(ana), ['ana']);
  });

  it('cannot be joined by its name before authentication either', async () => {
    const {given, server, ana, prefix} = await givenRooms();
    await using _given = given;
    await using _ana = ana;
    server.io.use((socket, next) => {
      void socket.join(`${prefix}ana`);
      next();
    });
    server.io.on('connection', socket => void socket.join(`${prefix}ana`));
    await using ben = await givenAuthenticated(server.url, {id: 'ben'});
    server.toUser('ana').emit('ana');
    assert.deepEqual(await receivedBy(ben), []);
    assert.equal((await server.fetchUserSockets('ana')).length, 1);
  });

  it('cannot be left by its name', async () => {
    const {given, server, ana, prefix} = await givenRooms();
    await using _given = given;
    await using _ana = ana;
    await ana.call('leave', `${prefix}ana`);
    server.io.socketsLeave(`${prefix}ana`);
    server.toUser('ana').emit('ana');
    assert.deepEqual(await receivedBy(ana), ['ana']);
  });

  it('is not joined through a recovered connection that its user did not have', async () => {
    const {given, server, ana, prefix} = await givenRooms({
      component: {io: {connectionStateRecovery: {}}},
    });
    await using _given = given;
    await using _ana = ana;
    await using ben = await givenAuthenticated(server.url, {id: 'ben'});
    await ben.call('join', [`${prefix}ana`]);
    // It comes back only after an event with an offset.
    server.emit('before');
    await ben.next('before');
    ben.socket.io.engine.close();
    await ben.next('disconnect');
    await ben.next('connect');
    await ben.next('connect');
    await ben.authenticate({id: 'ben'});
    server.toUser('ana').emit('ana');
    server.toUser('ben').emit('ben');
    await ben.next('ben');
    assert.equal(ben.names.includes('ana'), false);
  });
});
