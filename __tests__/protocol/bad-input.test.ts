import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {authenticateByToken} from '../helpers/app';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {RawClient} from '../helpers/raw-client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const NOT_FOUND = {
  error: {
    statusCode: 404,
    name: 'NotFoundError',
    message: 'No such method.',
    code: 'METHOD_NOT_FOUND',
  },
};
const BAD_EVENT = {
  error: {
    statusCode: 400,
    name: 'BadRequestError',
    message: 'The event name must be a string.',
  },
};

/** Names that an object or an emitter might mistake for something of its own. */
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  'length',
  '',
  ' ',
  '0',
  'error',
  'connection',
  'authenticated',
  'unauthorized',
  'expiring',
  'draining',
  'dispatch',
  'x'.repeat(10_000),
  '\u0000',
  '💥',
];

/** A server, and an authenticated client of it that must not be disturbed. */
async function givenBystander(
  check: (given: GivenApp, bystander: TestClient) => Promise<void>,
): Promise<void> {
  await using given = await givenServer(server => {
    server.defineMethod('echo', (_socket, _credentials, args) => args ?? 'nothing');
  });
  await using bystander = await givenAuthenticated(given.server.url);
  await check(given, bystander);
  assert.deepEqual(await bystander.call('echo', 'still here'), {result: 'still here'});
  assert.deepEqual(bystander.names, ['connect', 'authenticated']);
  assert.deepEqual(given.logged, []);
}

describe('Bad input', () => {
  describeSection('of a socket.io client', options => {
    const credentials: Record<string, unknown[]> = {
      'no credentials': [],
      undefined: [undefined],
      null: [null],
      'wrong credentials': [{token: 'bad'}],
      'a token of the wrong type': [{token: {$ne: null}}],
      'a string': ['ok'],
      'an empty string': [''],
      'a number': [1],
      'a boolean': [true],
      'an array': [['ok']],
      'nested objects': [{token: {token: {token: 'ok'}}}],
      'the ack’s look-alike': ['function'],
      'odd keys': [JSON.parse('{"__proto__":{"token":"ok"},"constructor":1}')],
      'binary data': [Buffer.from('ok')],
    };
    for (const [title, sent] of Object.entries(credentials)) {
      it(`${title} in place of credentials ends that client alone`, async () => {
        await givenBystander(async given => {
          let received: unknown = 'nothing';
          given.server.auth((socket, value) => {
            received = value;
            return authenticateByToken(socket, value ?? undefined);
          });
          await using client = givenClient(given.server.url, options);
          client.socket.emit('authentication', ...sent);
          const body = await client.next('unauthorized');
          assert.equal(body.statusCode, 401);
          assert.equal(body.code, 'AUTHENTICATION_FAILED');
          assert.equal(await client.next('disconnect'), 'io server disconnect');
          assert.deepEqual(received, sent.length === 0 ? undefined : (sent[0] ?? null));
        });
      });
    }

    it('too many credentials are answered, and the client may go on', async () => {
      await givenBystander(async given => {
        await using client = givenClient(given.server.url, options);
        client.socket.emit('authentication', {token: 'ok'}, 2, 3, 4);
        const reply = await client.call('authentication', {token: 'ok'}, 2);
        assert.equal(reply.error.code, 'TOO_MANY_ARGUMENTS');
        await client.authenticate();
      });
    });

    it('credentials in the handshake that are odd end that client alone', async () => {
      await givenBystander(async given => {
        for (const auth of [{token: null}, {token: ['ok']}, {pid: 'x', offset: 'y'}]) {
          await using client = givenClient(given.server.url, {...options, auth});
          assert.equal((await client.next('unauthorized')).statusCode, 401);
        }
      });
    });

    it('an unknown method is answered 404', async () => {
      await givenBystander(async given => {
        const {url} = given.server;
        await using client = await givenAuthenticated(url, undefined, options);
        client.socket.emit('unknown', 1);
        assert.deepEqual(await client.call('unknown', 1), NOT_FOUND);
        assert.deepEqual(await client.call('unknown', 1, 2, 3), NOT_FOUND);
      });
    });

    for (const name of ODD_NAMES) {
      it(`an event named ${JSON.stringify(name.slice(0, 20))} is answered 404`, async () => {
        await givenBystander(async given => {
          const {url} = given.server;
          await using client = await givenAuthenticated(url, undefined, options);
          client.socket.emit(name, {});
          assert.deepEqual(await client.call(name, {}), NOT_FOUND);
          assert.deepEqual(await client.call(name), NOT_FOUND);
          assert.deepEqual(await client.call('echo', 1), {result: 1});
        });
      });
    }

    it('a reserved name never reaches a listener of the application', async () => {
      await givenBystander(async given => {
        const {url} = given.server;
        given.server.io.once('connection', socket => {
          for (const name of ['error', 'connection', 'authenticated', 'authentication']) {
            socket.on(name, () => assert.fail(name));
          }
        });
        await using client = await givenAuthenticated(url, undefined, options);
        for (const name of ['error', 'connection', 'authenticated']) {
          assert.deepEqual(await client.call(name, 'fake'), NOT_FOUND);
        }
      });
    });

    it('a method may have an odd name, if it is not reserved', async () => {
      await givenBystander(async given => {
        const {url} = given.server;
        await using client = await givenAuthenticated(url, undefined, options);
        for (const name of ['__proto__', 'constructor', 'toString']) {
          given.server.defineMethod(name, () => `my ${name}`);
          assert.deepEqual(await client.call(name), {result: `my ${name}`});
          given.server.removeMethod(name);
          assert.deepEqual(await client.call(name), NOT_FOUND);
        }
      });
    });
  });

  describe('in raw frames', () => {
    const UNAUTHENTICATED = {code: 'UNAUTHENTICATED', statusCode: 401};

    async function givenRaw(
      check: (client: RawClient) => Promise<void>,
      authenticate: boolean,
    ): Promise<void> {
      await givenBystander(async given => {
        await using client = await RawClient.join(given.server.url);
        if (authenticate) {
          await client.send('42["authentication",{"token":"ok"}]');
          assert.equal(await client.next(), '42["authenticated",true]');
        }
        await check(client);
      });
    }

    /** Shows that nothing came before, and that the client can go on. */
    async function stillAnswered(client: RawClient): Promise<void> {
      await client.send('4299["echo","after"]');
      assert.deepEqual(await client.answerTo(99), {result: 'after'});
    }

    for (const frame of ['42', '42[5]', '42[0,{}]', '42["unknown"]', '42["__proto__"]']) {
      it(`${frame} is answered by nothing`, async () => {
        await givenRaw(async client => {
          await client.send(frame);
          await stillAnswered(client);
        }, true);
        await givenRaw(async client => {
          await client.send(frame, '421["echo"]');
          const {error} = (await client.answerTo(1)) as {error: typeof UNAUTHENTICATED};
          assert.equal(error.statusCode, 401);
        }, false);
      });
    }

    const answered: Record<string, object> = {
      '421': BAD_EVENT,
      '421[5]': BAD_EVENT,
      '421[5,{}]': BAD_EVENT,
      '421["__proto__",{}]': NOT_FOUND,
      '421["constructor"]': NOT_FOUND,
      '421["error","fake"]': NOT_FOUND,
      '421["echo",null]': {result: 'nothing'},
      '421["echo",{"__proto__":{"a":1}}]': {result: JSON.parse('{"__proto__":{"a":1}}')},
    };
    for (const [frame, answer] of Object.entries(answered)) {
      it(`${frame} is answered`, async () => {
        await givenRaw(async client => {
          await client.send(frame);
          assert.deepEqual(await client.answerTo(1), answer);
          await stillAnswered(client);
        }, true);
      });

      it(`${frame} is answered 400 or 401 before authentication`, async () => {
        await givenRaw(async client => {
          await client.send(frame);
          const {error} = (await client.answerTo(1)) as {error: {statusCode: number}};
          assert.equal(error.statusCode, answer === BAD_EVENT ? 400 : 401);
        }, false);
      });
    }

    it('the same ack id twice is answered twice', async () => {
      await givenRaw(async client => {
        await client.send('421["echo",1]', '421["echo",2]');
        assert.deepEqual(await client.answerTo(1), {result: 1});
        assert.deepEqual(await client.answerTo(1), {result: 2});
      }, true);
    });

    it('an ack that nobody asked for is ignored', async () => {
      await givenRaw(async client => {
        await client.send('437["surprise"]');
        await stillAnswered(client);
      }, true);
    });

    const fatal = [
      '42["newListener"]',
      '421["disconnect"]',
      '42["connect"]',
      '42[null]',
      '42[]',
      '42{}',
      '42{"broken',
      '49',
      '451-["binary"]',
      '4',
      '40',
      'x',
    ];
    for (const frame of fatal) {
      it(`${frame} disturbs no other client`, async () => {
        await givenRaw(async client => client.send(frame), true);
        await givenRaw(async client => client.send(frame), false);
      });
    }

    for (const name of [
      'connect',
      'connect_error',
      'disconnect',
      'disconnecting',
      'newListener',
      'removeListener',
    ]) {
      it(`the name ${name} closes the connection`, async () => {
        await givenRaw(async client => {
          await client.send(`421["${name}"]`);
          assert.equal(await client.next(), undefined);
        }, true);
      });
    }

    it('deep JSON is answered', async () => {
      await givenRaw(async client => {
        const deep = '['.repeat(5000) + ']'.repeat(5000);
        await client.send(`421["unknown",${deep}]`, `42["echo",${deep}]`);
        assert.deepEqual(await client.answerTo(1), NOT_FOUND);
        await stillAnswered(client);
      }, true);
    });
  });
});
