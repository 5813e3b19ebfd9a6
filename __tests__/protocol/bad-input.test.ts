import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketServer} from 'loopback4-socket';
import {authenticateByToken} from '../helpers/app';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {nested} from '../helpers/nested';
import {Queue} from '../helpers/queue';
import {RawClient} from '../helpers/raw-client';
import {RawSocket} from '../helpers/raw-socket';
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
const PROHIBITED = {
  error: {
    statusCode: 400,
    name: 'BadRequestError',
    message: 'Args and credentials cannot contain the key "__proto__".',
  },
};

const TOO_DEEP = {
  error: {
    statusCode: 413,
    name: 'PayloadTooLargeError',
    message: 'More than 64 levels.',
    code: 'PAYLOAD_TOO_LARGE',
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
  'failed',
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
      'odd keys': [JSON.parse('{"toString":1,"constructor":1}')],
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
      '421["echo",{"__proto__":{"a":1}}]': PROHIBITED,
      '421["echo",{"a":[{"constructor":{"prototype":{"b":1}}}]}]': {
        error: {
          ...PROHIBITED.error,
          message: 'Args and credentials cannot contain the key "constructor.prototype".',
        },
      },
      '421["echo",{"constructor":{"name":"a"}}]': {result: {constructor: {name: 'a'}}},
      '421["echo",{},{"$call":{"__proto__":1}}]': PROHIBITED,
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

    // In a long text faults are looked for before it is parsed.
    const long = 'x'.repeat(20_000);
    const answeredWhenLong: Record<string, [string, object]> = {
      'a key that could change a prototype': [`["${long}",{"__proto__":1}]`, PROHIBITED],
      'such a key, escaped': [`["${long}",{"\\u005f_proto__":1}]`, PROHIBITED],
      'such a key by another': [
        `["${long}",{"constructor":{"prototype":1}}]`,
        answered['421["echo",{"a":[{"constructor":{"prototype":{"b":1}}}]}]'],
      ],
      'such a key before the long text': [`[{"__proto__":1},"${long}"]`, PROHIBITED],
      '65 levels': [`["${long}",${nested(64)}]`, TOO_DEEP],
      'brackets in a text': [
        JSON.stringify([long, '['.repeat(100)]),
        {result: [long, '['.repeat(100)]},
      ],
      '64 levels': [
        `["${long}",${nested(63)}]`,
        {result: [long, JSON.parse(nested(63))]},
      ],
    };
    for (const [title, [args, answer]] of Object.entries(answeredWhenLong)) {
      it(`long args with ${title} are answered`, async () => {
        await givenRaw(async client => {
          await client.send(`421["echo",${args}]`);
          assert.deepEqual(await client.answerTo(1), answer);
          await stillAnswered(client);
        }, true);
      });
    }

    // They must not be taken for those of the JSON behind the name.
    for (const [title, namespace, protocol] of [
      ['a quote', '/room-"', 4],
      ['brackets', `/room-${']'.repeat(100)}`, 4],
      ['a quote in its query', '/?"', 3],
    ] as const) {
      it(`levels are counted in a namespace whose name has ${title}`, async () => {
        await using given = await givenServer(
          server => server.defineMethod('echo', (_socket, _credentials, args) => args),
          {},
          {
            component: {io: {allowEIO3: true}},
            setup: app => {
              const rooms = SocketServer.get(app, 'rooms', {namespace: /^\/room-/});
              rooms.auth(authenticateByToken);
              rooms.defineMethod('echo', (_socket, _credentials, args) => args);
            },
          },
        );
        await using client = await RawClient.open(given.server.url, protocol);
        if (protocol === 4) await client.send(`40${namespace},`);
        await client.next();
        await client.send(`42${namespace},["authentication",{"token":"ok"}]`);
        await client.next();
        const send = (levels: number) =>
          client.send(`42${namespace},1["echo",["${long}",${nested(levels)}]]`);
        const answer = async () => {
          const frame = (await client.next()) ?? '';
          return JSON.parse(frame.slice(frame.indexOf('1[') + 1)) as unknown;
        };
        await send(63);
        assert.deepEqual(await answer(), [{result: [long, JSON.parse(nested(63))]}]);
        await send(100);
        assert.deepEqual(await answer(), [TOO_DEEP]);
        await send(11_000);
        assert.equal(await client.next(), undefined);
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

    for (const [title, credentials, statusCode] of [
      ['that could change a prototype', '{"token":"ok","__proto__":{}}', 400],
      ['of 65 levels', nested(65), 413],
    ] as const) {
      it(`credentials ${title} are refused`, async () => {
        await givenRaw(async client => {
          await client.send(`421["authentication",${credentials}]`);
          const {error} = (await client.answerTo(1)) as {error: {statusCode: number}};
          assert.equal(error.statusCode, statusCode);
        }, false);
        await givenRaw(async client => {
          await client.send(`421["authentication",${credentials}]`);
          const {error} = (await client.answerTo(1)) as {error: {statusCode: number}};
          assert.equal(error.statusCode, statusCode);
        }, true);
      });
    }

    it('deep JSON is answered', async () => {
      await givenRaw(async client => {
        for (const levels of [65, 5000]) {
          const deep = nested(levels);
          await client.send(`421["echo",${deep}]`, `42["echo",${deep}]`);
          assert.deepEqual(await client.answerTo(1), TOO_DEEP);
          await client.send(`421["echo",{},${deep}]`);
          assert.deepEqual(await client.answerTo(1), TOO_DEEP);
        }
        await client.send(`421["echo",${nested(64)}]`);
        assert.deepEqual(await client.answerTo(1), {result: JSON.parse(nested(64))});
        await stillAnswered(client);
      }, true);
    });
  });

  describe('in handshakes', () => {
    const refused: [
      title: string,
      auth: string,
      code: string | undefined,
      status: number,
    ][] = [
      ['of 65 levels', `{"a":${nested(64)}}`, 'PAYLOAD_TOO_LARGE', 413],
      ['of 9,000 levels', `{"a":${nested(9000)}}`, 'PAYLOAD_TOO_LARGE', 413],
      ['that could change a prototype', '{"__proto__":{"a":1}}', undefined, 400],
    ];
    for (const [title, auth, code, statusCode] of refused) {
      it(`credentials ${title} are refused before anything reads them`, async () => {
        await givenBystander(async given => {
          const read: unknown[] = [];
          given.server.auth((_socket, credentials) => read.push(credentials));
          given.server.io.use((socket, next) => {
            read.push(socket.handshake.auth);
            next();
          });
          await using client = await RawClient.open(given.server.url);
          await client.send(`40${auth}`);
          const answer = await client.next();
          assert.ok(answer?.startsWith('44{'), answer);
          const {data} = JSON.parse((answer ?? '').slice(2)) as {
            data: {code?: string; statusCode: number};
          };
          assert.equal(data.statusCode, statusCode);
          if (code !== undefined) assert.equal(data.code, code);
          assert.deepEqual(read, []);
          // The packet that a node of a cluster would receive.
          assert.equal((await given.server.io.fetchSockets()).length, 1);
        });
      });
    }

    for (const protocol of [3, 4] as const) {
      it(`more than 100 in 10 s close the connection, by Engine.IO ${protocol}`, async () => {
        await using given = await givenServer(
          () => undefined,
          {timeout: false},
          {component: {io: {allowEIO3: true}}},
        );
        await using client = await RawClient.open(given.server.url, protocol);
        const joins = (count: number) =>
          Array.from({length: count}, (_, at) => `40/none-${at},`);
        await client.send(...joins(100));
        const last = '44/none-99,';
        while (!(await client.next())?.startsWith(last)) assert.ok(!client.closed);
        await client.send(...joins(101));
        while (!client.closed) await client.next();
      });
    }

    it('more than 100 in 10 s close the connection, over a websocket', async () => {
      await using given = await givenServer();
      await using client = await RawSocket.upgrade(given.server.url);
      for (let at = 0; at < 100; at++) client.send(`40/none-${at},`);
      await client.next('44/none-99,');
      for (let at = 0; at < 101; at++) client.send(`40/none-${at},`);
      await client.ended;
    });

    it('more than 10,000 levels close the connection unread', async () => {
      await givenBystander(async given => {
        for (const frame of [
          `40{"a":${nested(11_000)}}`,
          `420["echo",${nested(11_000)}]`,
        ]) {
          await using client = await RawClient.open(given.server.url);
          await client.send(frame);
          assert.equal(await client.next(), undefined);
        }
      });
    });
  });
});

describeSection('Bad input', options => {
  const REFUSED: Record<string, [json: string, statusCode: number]> = {
    'more levels than are allowed': [nested(65), 413],
    'a key that changes prototypes': ['{"a": [{"__proto__": {"admin": true}}]}', 400],
    'such a key in a long text': [`["${'x'.repeat(20_000)}", {"__proto__": {}}]`, 400],
    'too many levels of a long text': [`["${'x'.repeat(20_000)}", ${nested(64)}]`, 413],
  };
  const ACCEPTED = {
    'as many levels as are allowed': nested(64),
    'a long text': `["${'x'.repeat(20_000)}", ${nested(63)}]`,
  };

  /** A server that asks its clients in the way that they name, and what came of it. */
  async function givenAsking() {
    const outcomes = new Queue<unknown[]>();
    const given = await givenServer(server => {
      server.defineMethod('ask', (socket, _credentials, way: string) => {
        const note = (...outcome: unknown[]) => outcomes.push(outcome);
        if (way === 'with a timeout') socket.timeout(60_000).emit('question', note);
        else if (way === 'in vain') socket.nsp.timeout(50).emit('question', note);
        else if (way === 'broadcast') socket.nsp.timeout(60_000).emit('question', note);
        else socket.emit('question', note);
      });
    });
    const client = await givenAuthenticated(given.server.url, undefined, options);
    let json = '';
    client.socket.on('question', (ack: (...values: unknown[]) => void) =>
      ack(...(JSON.parse(`[${json}]`) as unknown[])),
    );
    return {
      outcomes,
      ask: async (way: string, answer: string) => {
        json = answer;
        await client.call('ask', way);
      },
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        await given[Symbol.asyncDispose]();
      },
    };
  }

  for (const [title, [json, statusCode]] of Object.entries(REFUSED)) {
    it(`in an answer of the client’s, ${title}, reaches no callback`, async () => {
      await using asking = await givenAsking();
      const {ask, outcomes} = asking;
      for (const answer of [json, `1, ${json}`]) {
        await ask('with a timeout', answer);
        const [error, ...more] = await outcomes.next();
        assert.ok(error instanceof Error);
        assert.equal((error as Error & {statusCode?: number}).statusCode, statusCode);
        assert.deepEqual(more, []);
        await ask('in vain', answer);
        const [late, answers] = await outcomes.next();
        assert.match((late as Error).message, /timed out/);
        assert.deepEqual(answers, []);
        await ask('without a timeout', answer);
        await ask('without a timeout', '"fine"');
        assert.deepEqual(await outcomes.next(), ['fine']);
      }
    });
  }

  for (const [title, json] of Object.entries(ACCEPTED)) {
    it(`is none in an answer of the client’s with ${title}`, async () => {
      await using asking = await givenAsking();
      const {ask, outcomes} = asking;
      const answer: unknown = JSON.parse(json);
      await ask('with a timeout', json);
      assert.deepEqual(await outcomes.next(), [null, answer]);
      await ask('broadcast', json);
      assert.deepEqual(await outcomes.next(), [null, [answer]]);
      await ask('without a timeout', json);
      assert.deepEqual(await outcomes.next(), [answer]);
    });
  }
});
