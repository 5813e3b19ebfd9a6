import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {dirname} from 'node:path';
import {createInterface} from 'node:readline';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import {ExampleApplication} from 'loopback4-socket-example';
import {givenAuthenticated, givenClient, givenClients} from '../helpers/client';

const ANA = {email: 'ana@example.com', password: 'ana-secret'};
const BEN = {email: 'ben@example.com', password: 'ben-secret'};

interface GivenExample extends AsyncDisposable {
  readonly app: ExampleApplication;
  /** Root URL, of REST and of the default socket server. */
  readonly url: string;
}

async function givenExample(): Promise<GivenExample> {
  const app = new ExampleApplication({rest: {port: 0, host: '127.0.0.1'}});
  await app.boot();
  await app.start();
  const {url} = await app.getServer(SocketServer);
  assert(url);
  return {app, url, [Symbol.asyncDispose]: () => app.stop()};
}

function postLogin(url: string, body: object): Promise<Response> {
  return fetch(`${url}/users/login`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body),
  });
}

async function logIn(url: string, user: object): Promise<{id: string; userId: number}> {
  const response = await postLogin(url, user);
  assert.equal(response.status, 200);
  return response.json() as Promise<{id: string; userId: number}>;
}

describe('the example application', () => {
  it('serves the page, and the client that the page needs', async () => {
    await using example = await givenExample();
    for (const [path, type, text] of [
      ['/', 'text/html', 'id="login"'],
      ['/app.js', 'javascript', 'authentication'],
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
    const token = await logIn(example.url, BEN);
    assert.deepEqual(Object.keys(token).sort(), ['id', 'userId']);
    assert.notEqual((await logIn(example.url, BEN)).id, token.id);
  });

  it('refuses a wrong password and an unknown user alike', async () => {
    await using example = await givenExample();
    for (const user of [
      {...BEN, password: 'wrong'},
      {...BEN, email: 'nobody@example.com'},
    ]) {
      const response = await postLogin(example.url, user);
      assert.equal(response.status, 401);
      assert.deepEqual(await response.json(), {
        error: {
          statusCode: 401,
          name: 'UnauthorizedError',
          message: 'Wrong e-mail or password.',
        },
      });
    }
  });

  it('welcomes a user by name, then says that the socket is authenticated', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, BEN);
    await using client = await givenAuthenticated(example.url, token);
    assert.deepEqual(await client.next('welcome'), {name: 'Ben', role: 'member'});
    assert.deepEqual(client.names, ['connect', 'welcome', 'authenticated']);
  });

  it('shows users their own profile, without the password hash', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, BEN);
    await using client = await givenAuthenticated(example.url, token);
    assert.deepEqual(await client.call('getProfile'), {
      result: {id: token.userId, name: 'Ben', email: BEN.email, role: 'member'},
    });
  });

  it('pages through 29 records', async () => {
    await using example = await givenExample();
    await using client = await givenAuthenticated(
      example.url,
      await logIn(example.url, BEN),
    );
    const {result: all} = await client.call('getRecords', {});
    assert.equal(all.length, 29);
    for (const record of all) {
      assert.deepEqual(Object.keys(record), ['id', 'name', 'type']);
    }
    const page = async (args: object) => (await client.call('getRecords', args)).result;
    assert.deepEqual(await page({skip: 3, limit: 4}), all.slice(3, 7));
    assert.deepEqual(await page({skip: 27, limit: 4}), all.slice(27));
    assert.deepEqual(await page({limit: 1}), all.slice(0, 1));
    assert.deepEqual(await page({skip: 29}), []);
    for (const wrong of [
      'all',
      [],
      {limit: 0},
      {skip: -1},
      {limit: 'ten'},
      {where: {}},
    ]) {
      const {error} = await client.call('getRecords', wrong);
      assert.equal(error.code, 'VALIDATION_FAILED', JSON.stringify(wrong));
    }
  });

  it('refuses a token that it did not give', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, BEN);
    const ana = await logIn(example.url, ANA);
    for (const credentials of [
      {...token, id: 'wrong'},
      {...token, userId: ana.userId},
      {id: {neq: ''}, userId: token.userId},
      {userId: token.userId},
      'a string',
      null,
      undefined,
    ]) {
      await using client = givenClient(example.url);
      client.socket.emit('authentication', credentials);
      const {message, statusCode} = await client.next('unauthorized');
      assert.deepEqual(
        {message, statusCode},
        {message: 'Token not found.', statusCode: 401},
      );
    }
  });

  it('refuses a member on the admin server, and goes on serving the default one', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, BEN);
    const [member, admin] = givenClients(example.url, ['/', '/admin']);
    await using _member = member;
    await using _admin = admin;
    await member.authenticate(token);
    admin.socket.emit('authentication', token);
    const {message, statusCode} = await admin.next('unauthorized');
    assert.deepEqual(
      {message, statusCode},
      {message: 'For admins only.', statusCode: 403},
    );
    await admin.next('disconnect');
    assert.equal((await member.call('getProfile')).result.name, 'Ben');
  });

  it('serves an admin on both servers over one connection', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, ANA);
    const [member, admin] = givenClients(example.url, ['/', '/admin']);
    await using _member = member;
    await using _admin = admin;
    await Promise.all([member.authenticate(token), admin.authenticate(token)]);
    const io = await example.app.get(SocketBindings.IO);
    assert.equal(io.engine.clientsCount, 1);
    assert.equal((await member.call('getProfile')).result.role, 'admin');
    assert.deepEqual(await admin.call('getStatistics'), {
      result: {sockets: 1, records: 29},
    });
    assert.equal((await member.call('getStatistics')).error.statusCode, 404);
  });

  it("brings an admin's announcement to everyone on the default server", async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, ANA);
    const [ana, admin] = givenClients(example.url, ['/', '/admin']);
    await using _ana = ana;
    await using _admin = admin;
    await Promise.all([ana.authenticate(token), admin.authenticate(token)]);
    await using ben = await givenAuthenticated(
      example.url,
      await logIn(example.url, BEN),
    );
    const announcement = {text: 'Closed on Monday', from: 'Ana'};
    const reply = await admin.call('announce', {text: announcement.text});
    assert.deepEqual(reply, {result: announcement});
    assert.deepEqual(await ana.next('announcement'), announcement);
    assert.deepEqual(await ben.next('announcement'), announcement);
    assert(!admin.names.includes('announcement'));
  });

  it('refuses an announcement without a text', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, ANA);
    await using admin = await givenAuthenticated(`${example.url}/admin`, token);
    for (const args of [undefined, {}, {text: ' '}, {text: 1}]) {
      const {error} = await admin.call('announce', args);
      assert.equal(error.statusCode, 422);
      assert.equal(error.code, 'VALIDATION_FAILED');
    }
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
