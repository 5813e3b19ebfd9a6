import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {dirname} from 'node:path';
import {createInterface} from 'node:readline';
import {describe, it} from 'node:test';
import {TokenServiceBindings} from '@loopback/authentication-jwt';
import {SocketBindings} from 'loopback4-socket';
import {expectApi, expectCall} from 'loopback4-socket/testing';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import {
  ADMIN,
  ANA,
  BEN,
  givenExample,
  logIn,
  MEMBER,
  request,
} from '../../helpers/example';

/** Connects, sends credentials, and gives the `unauthorized` that comes. */
async function refusal(url: string, credentials: unknown) {
  await using client = givenClient(url);
  client.socket.emit('authentication', credentials);
  const {message, statusCode} = await client.next('unauthorized');
  await client.next('disconnect');
  return {message, statusCode};
}

describe('the example application', () => {
  it('serves the page, and the client that the page needs', async () => {
    await using example = await givenExample();
    for (const [path, type, text] of [
      ['/', 'text/html', 'id="login"'],
      ['/app.js', 'javascript', 'SocketClient'],
      ['/streams.js', 'javascript', 'positions'],
      ['/client.browser.js', 'javascript', 'SocketClient'],
      ['/app.css', 'text/css', 'color-scheme'],
      ['/socket.io/socket.io.js', 'javascript', 'Socket.IO'],
    ]) {
      const response = await fetch(example.url + path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('content-type') ?? '', new RegExp(type));
      assert((await response.text()).includes(text), path);
    }
  });

  it('logs users in over REST', async () => {
    await using example = await givenExample();
    const answer = await logIn(example.url, BEN);
    assert.deepEqual(Object.keys(answer), ['token']);
    const [, claims] = answer.token.split('.');
    const {iat, exp, ...rest} = JSON.parse(Buffer.from(claims, 'base64url').toString());
    assert.deepEqual(rest, {sub: '2', name: 'Ben', role: 'member'});
    assert.equal(exp - iat, 3600);
  });

  it('refuses a wrong password and an unknown user alike', async () => {
    await using example = await givenExample();
    for (const body of [
      {...BEN, password: 'wrong'},
      {...BEN, email: 'nobody@example.com'},
    ]) {
      assert.deepEqual(await request(example.url, 'POST /users/login', {body}), {
        status: 401,
        body: {
          error: {
            statusCode: 401,
            name: 'UnauthorizedError',
            message: 'Wrong e-mail or password.',
          },
        },
      });
    }
  });

  it('welcomes a user by name, then says that the socket is authenticated', async () => {
    await using example = await givenExample();
    const credentials = await logIn(example.url, BEN);
    await using client = await example.client({credentials});
    assert.deepEqual(client.received, [
      ['welcome', {name: 'Ben', role: 'member'}],
      ['authenticated', true],
    ]);
  });

  it('prints its address when run, and lets its clients come back when stopped', async () => {
    const folder = dirname(require.resolve('loopback4-socket-example/package.json'));
    const child = spawn(process.execPath, [folder], {
      env: {...process.env, PORT: '0', HOST: '127.0.0.1'},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const exited = once(child, 'exit');
      const [line] = await once(createInterface(child.stdout), 'line');
      const url = /http:\/\/127\.0\.0\.1:\d+$/.exec(line)?.[0];
      assert(url, line);
      await using client = await givenAuthenticated(url, await logIn(url, BEN), {
        reconnection: false,
      });
      child.kill('SIGTERM');
      assert.equal(await client.next('disconnect'), 'transport close');
      assert.deepEqual(await exited, [null, 'SIGTERM']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('the tokens of the example application', () => {
  it('refuses sockets with a token that it did not make', async () => {
    await using example = await givenExample();
    await using other = await givenExample();
    const [head, , signature] = (await logIn(example.url, BEN)).token.split('.');
    const claims = Buffer.from('{"sub":"1","role":"admin"}').toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const [credentials, message] of [
      [{token: 'wrong'}, 'Token refused: jwt malformed.'],
      ['a string', /too many parts/],
      [await logIn(other.url, BEN), 'Token refused: invalid signature.'],
      [{token: `${head}.${claims}.${signature}`}, 'Token refused: invalid signature.'],
      [{token: `${none}.${claims}.`}, 'Token refused: jwt signature is required.'],
    ] as const) {
      const refused = await refusal(example.url, credentials);
      assert.equal(refused.statusCode, 401);
      if (typeof message === 'string') assert.equal(refused.message, message);
      else assert.match(refused.message, message);
    }
  });

  it('refuses sockets without a token', async () => {
    await using example = await givenExample();
    for (const credentials of [undefined, null, '', {}, {token: ''}, {token: {}}, []]) {
      assert.deepEqual(await refusal(example.url, credentials), {
        message: 'Authorization header not found.',
        statusCode: 401,
      });
    }
  });

  it('refuses sockets with an expired token', async () => {
    await using example = await givenExample(app => {
      app.bind(TokenServiceBindings.TOKEN_EXPIRES_IN).to('1 ms');
    });
    assert.deepEqual(await refusal(example.url, await logIn(example.url, BEN)), {
      message: 'Token refused: jwt expired.',
      statusCode: 401,
    });
  });

  it('end their sockets when they expire, unless these are renewed', async t => {
    await using example = await givenExample(app => {
      app.bind(TokenServiceBindings.TOKEN_EXPIRES_IN).to('10 s');
    });
    const token = await logIn(example.url, BEN);
    await using client = await givenAuthenticated(example.url, token);
    assert.equal((await client.call('getProfile')).result.name, 'Ben');
    // Not so late that the client takes the connection for lost.
    const began = Date.now();
    let later = 6000;
    t.mock.method(Date, 'now', () => began + later);
    const renewed = await logIn(example.url, BEN);
    assert.deepEqual(await client.call('authentication', renewed), {result: true});
    later = 11_000;
    assert.equal((await client.call('getProfile')).result.name, 'Ben');
    later = 17_000;
    const {error} = await client.call('getProfile');
    assert.equal(error.code, 'AUTHENTICATION_EXPIRED');
    assert.equal((await client.next('unauthorized')).code, 'AUTHENTICATION_EXPIRED');
  });

  it('refuses sockets where the strategy is not there, as REST does', async () => {
    await using example = await givenExample(app => {
      const authentication = {strategy: 'wjt'};
      app.configure(SocketBindings.server()).to({authentication});
    });
    assert.deepEqual(await refusal(example.url, await logIn(example.url, BEN)), {
      message: "The strategy 'wjt' is not available.",
      statusCode: 401,
    });
  });

  it('refuses sockets with a token from before a restart', async () => {
    await using before = await givenExample();
    const token = await logIn(before.url, BEN);
    await before.application.stop();
    await using after = await givenExample();
    assert.equal((await refusal(after.url, token)).statusCode, 401);
  });

  it('accepts a token from before a restart where JWT_SECRET is given', async t => {
    process.env.JWT_SECRET = 'a secret of the test';
    t.after(() => delete process.env.JWT_SECRET);
    await using before = await givenExample();
    const token = await logIn(before.url, BEN);
    await before.application.stop();
    await using after = await givenExample();
    await using client = await givenAuthenticated(after.url, token);
    assert.equal((await client.call('getProfile')).result.name, 'Ben');
  });
});

/** Records as a client sees them. */
interface Item {
  id: number;
  name: string;
  type: string;
}

/** The methods of the default server. */
interface MemberApi {
  getProfile(): {id: number; name: string; email: string; role: string};
  getRecords(args?: {skip?: number; limit?: number}): Item[];
  sendMessage(args: {id: number; body: {text: string}}): MessageEvent;
  positions(): AsyncIterable<unknown>;
  photo(): unknown;
}

/** The methods of the server `admin`. */
interface AdminApi {
  getStatistics(): {sockets: number; records: number};
  announce(args?: {body: {text: string}}): MessageEvent;
  deleteRecord(args: {id: number}): {deleted: boolean};
}

interface MessageEvent {
  text: string;
  from: string;
}

interface MemberEvents {
  announcement(message: MessageEvent): void;
  message(message: MessageEvent): void;
}

describe('what members can do in the example application', () => {
  it('is what a typed client expects, on both servers', async () => {
    await using example = await givenExample();
    expectApi<MemberApi>(example, {
      getProfile: 'call',
      getRecords: 'call',
      sendMessage: 'call',
      positions: 'stream',
      photo: 'call',
    });
    const admin = {server: 'admin'};
    expectApi<AdminApi>(
      example,
      {getStatistics: 'call', announce: 'call', deleteRecord: 'call'},
      admin,
    );
  });

  it('shows users their own profile, without the password hash', async () => {
    await using example = await givenExample();
    const profile = {id: 2, name: 'Ben', email: BEN.email, role: 'member'};
    const ben = example.caller<MemberApi>({user: MEMBER});
    assert.deepEqual(await ben.getProfile(), profile);
    const {token} = await logIn(example.url, BEN);
    await using client = await example.client<MemberApi>({credentials: {token}});
    assert.deepEqual(await client.call.getProfile(), profile);
    const overRest = await request(example.url, 'GET /users/me', {token});
    assert.deepEqual(overRest, {status: 200, body: profile});
    assert.equal((await request(example.url, 'GET /users/me')).status, 401);
  });

  it('pages through 29 records, over both alike', async () => {
    await using example = await givenExample();
    const {getRecords} = example.caller<MemberApi>({user: MEMBER});
    const all = await getRecords({});
    assert.equal(all.length, 29);
    for (const record of all) {
      assert.deepEqual(Object.keys(record), ['id', 'name', 'type']);
    }
    assert.deepEqual(await getRecords({skip: 3, limit: 4}), all.slice(3, 7));
    assert.deepEqual(await getRecords({skip: 27, limit: 4}), all.slice(27));
    assert.deepEqual(await getRecords({limit: 1}), all.slice(0, 1));
    assert.deepEqual(await getRecords({skip: 29}), []);
    const token = await logIn(example.url, BEN);
    const overRest = await request(example.url, 'GET /records?skip=3&limit=4', token);
    assert.deepEqual(overRest.body, all.slice(3, 7));
    for (const wrong of [
      'all',
      [],
      {limit: 0},
      {skip: -1},
      {limit: 'ten'},
      {where: {}},
    ]) {
      await expectCall(getRecords(wrong as object), {code: 'INVALID_PARAMETER_VALUE'});
    }
  });

  it('brings a message to each socket of a user, over both alike', async () => {
    await using example = await givenExample();
    await using sender = await example.client<MemberApi>({user: ADMIN});
    const toBen = {user: MEMBER};
    await using first = await example.client<MemberApi, MemberEvents>(toBen);
    await using second = await example.client<MemberApi, MemberEvents>(toBen);
    const messages = [first, second].map(client => [
      client.next('message'),
      client.next('message'),
    ]);
    const send = (text: string) => sender.call.sendMessage({id: 2, body: {text}});
    const hello = {text: 'Hello', from: 'Ana'};
    assert.deepEqual(await send('Hello'), hello);
    const ana = await logIn(example.url, ANA);
    const operation = 'POST /users/2/messages';
    const overRest = await request(example.url, operation, {...ana, body: {text: 'Hi'}});
    assert.deepEqual(overRest, {status: 200, body: {...hello, text: 'Hi'}});
    for (const each of messages) {
      assert.deepEqual(await Promise.all(each), [hello, {...hello, text: 'Hi'}]);
    }
    assert(!sender.received.some(([name]) => name === 'message'));
    await expectCall(send(' '), {statusCode: 422});
    const toNobody = sender.call.sendMessage({id: 9, body: {text: 'Hello'}});
    await expectCall(toNobody, {code: 'ENTITY_NOT_FOUND'});
  });
});

describe('what admins can do in the example application', () => {
  it('refuses a member on the admin server, and goes on serving the default one', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, BEN);
    const [member, admin] = givenClients(example.url, ['/', '/admin']);
    await using _member = member;
    await using _admin = admin;
    await member.authenticate(token);
    admin.socket.emit('authentication', token);
    const {message, statusCode} = await admin.next('unauthorized');
    assert.deepEqual({message, statusCode}, {message: 'Access denied', statusCode: 403});
    await admin.next('disconnect');
    assert.equal((await member.call('getProfile')).result.name, 'Ben');
  });

  it('serves an admin on both servers over one connection', async () => {
    await using example = await givenExample();
    const {token} = await logIn(example.url, ANA);
    const [member, admin] = givenClients(example.url, ['/', '/admin']);
    await using _member = member;
    await using _admin = admin;
    await Promise.all([member.authenticate({token}), admin.authenticate({token})]);
    const io = await example.application.get(SocketBindings.IO);
    assert.equal(io.engine.clientsCount, 1);
    assert.equal((await member.call('getProfile')).result.role, 'admin');
    const statistics = {sockets: 1, records: 29};
    assert.deepEqual(await admin.call('getStatistics'), {result: statistics});
    const overRest = await request(example.url, 'GET /statistics', {token});
    assert.deepEqual(overRest, {status: 200, body: statistics});
    assert.equal((await member.call('getStatistics')).error.statusCode, 404);
  });

  it('refuses a member over REST, and each call of one on the admin server', async () => {
    await using example = await givenExample();
    const ben = await logIn(example.url, BEN);
    assert.equal((await request(example.url, 'GET /statistics', ben)).status, 403);
    const announcement = {...ben, body: {text: 'Hello'}};
    const refused = await request(example.url, 'POST /announcements', announcement);
    assert.equal(refused.status, 403);
    assert.equal((await request(example.url, 'GET /statistics')).status, 401);
    const member = example.caller<AdminApi>({user: MEMBER, server: 'admin'});
    await expectCall(member.getStatistics(), {statusCode: 403});
  });

  it('brings an announcement to everyone on the default server, over both alike', async () => {
    await using example = await givenExample();
    await using ana = await example.client<MemberApi, MemberEvents>({user: ADMIN});
    await using ben = await example.client<MemberApi, MemberEvents>({user: MEMBER});
    const asAdmin = {user: ADMIN, server: 'admin'};
    await using admin = await example.client<AdminApi>(asAdmin);
    const announcements = [ana, ben].map(client => [
      client.next('announcement'),
      client.next('announcement'),
    ]);
    const announcement = {text: 'Closed on Monday', from: 'Ana'};
    const body = {text: announcement.text};
    assert.deepEqual(await admin.call.announce({body}), announcement);
    const token = await logIn(example.url, ANA);
    const overRest = await request(example.url, 'POST /announcements', {...token, body});
    assert.deepEqual(overRest, {status: 200, body: announcement});
    for (const each of announcements) {
      assert.deepEqual(await Promise.all(each), [announcement, announcement]);
    }
    assert(!admin.received.some(([name]) => name === 'announcement'));
  });

  it('refuses an announcement without a text', async () => {
    await using example = await givenExample();
    const admin = example.caller<AdminApi>({user: ADMIN, server: 'admin'});
    for (const body of [{}, {text: ' '}, {text: 1}, {text: 'Hello', to: 'all'}]) {
      const call = admin.announce({body: body as {text: string}});
      await expectCall(call, {statusCode: 422, code: 'VALIDATION_FAILED'});
    }
    await expectCall(admin.announce(), {statusCode: 400});
  });
});
