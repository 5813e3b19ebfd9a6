import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {HttpErrors} from '@loopback/rest';
import type {ConnectionHandler, SocketServer} from 'loopback4-socket';
import {authenticateByToken} from '../helpers/app';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {ClientOptions} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

/** In ms: long enough for a client on a busy machine to send its credentials. */
const TIMEOUT = 300;

const GENERIC = {
  message: 'Authentication failed.',
  statusCode: 401,
  code: 'AUTHENTICATION_FAILED',
};

interface FailureCase {
  handler: ConnectionHandler;
  body: object;
  /** Status with which it is logged, if it is. */
  logged?: number;
}

/** Failures by what the handler does, which are the same for authentication and connected handlers. */
const THROWN: Record<string, FailureCase> = {
  'throws a string': {
    handler: () => {
      throw 'Wrong token.';
    },
    body: {...GENERIC, message: 'Wrong token.'},
  },
  'rejects with a string': {
    handler: () => Promise.reject('Wrong token.'),
    body: {...GENERIC, message: 'Wrong token.'},
  },
  'calls back a string': {
    handler: (_socket, _credentials, callback) => callback('Wrong token.'),
    body: {...GENERIC, message: 'Wrong token.'},
  },
  'throws a plain Error': {
    handler: () => {
      throw new Error('connect ECONNREFUSED 10.0.0.1');
    },
    body: GENERIC,
    logged: 500,
  },
  'rejects with a plain Error': {
    handler: async () => {
      throw new TypeError('cannot read');
    },
    body: GENERIC,
    logged: 500,
  },
  'calls back a plain Error': {
    handler: (_socket, _credentials, callback) => callback(new Error('secret')),
    body: GENERIC,
    logged: 500,
  },
  'throws a 4xx error': {
    handler: () => {
      throw new HttpErrors.Forbidden('You are banned.');
    },
    body: {...GENERIC, message: 'You are banned.', statusCode: 403},
  },
  'throws a 4xx error with a code': {
    handler: () => {
      throw Object.assign(new HttpErrors.Forbidden('You are banned.'), {code: 'BANNED'});
    },
    body: {message: 'You are banned.', statusCode: 403, code: 'BANNED'},
  },
  'throws a plain object with a 4xx status': {
    handler: () => {
      throw {status: 402, message: 'Pay first.'};
    },
    body: {...GENERIC, message: 'Pay first.', statusCode: 402},
  },
  'throws an exposed error without a status': {
    handler: () => {
      throw Object.assign(new Error('Ask an admin.'), {expose: true});
    },
    body: {...GENERIC, message: 'Ask an admin.'},
    logged: 500,
  },
  'throws a number': {
    handler: () => {
      throw 42;
    },
    body: GENERIC,
    logged: 400,
  },
  'throws undefined': {
    handler: () => {
      throw undefined;
    },
    body: GENERIC,
    logged: 500,
  },
};

const ANSWERED: Record<string, FailureCase> = {
  'calls back nothing': {
    handler: (_socket, _credentials, callback) => callback(),
    body: GENERIC,
  },
};
for (const value of [undefined, null, false, 0, NaN, '']) {
  ANSWERED[`answers ${String(value)} (${typeof value})`] = {
    handler: () => value,
    body: GENERIC,
  };
  ANSWERED[`resolves to ${String(value)} (${typeof value})`] = {
    handler: async () => value,
    body: GENERIC,
  };
}

/** Opens the gate when the next socket has sent that many packets. */
function openAfter(given: GivenApp, packets: number, gate: Gate): void {
  given.server.io.once('connection', socket => {
    let arrived = 0;
    socket.onAny(() => {
      if (++arrived === packets) gate.open();
    });
  });
}

describe('Authentication', () => {
  describeSection('Failure', options => {
    it('answers all who wait when a listener of `authenticated` disconnects the socket', async () => {
      const gate = new Gate();
      await using given = await givenServer(server => {
        server.auth(() => gate.opened.then(() => ({name: 'someone'})));
        server.defineMethod('ping', () => 'pong');
      });
      given.server.io.on('connection', socket =>
        socket.onAnyOutgoing((name: string) => {
          if (name === 'authenticated') socket.disconnect();
        }),
      );
      openAfter(given, 2, gate);
      await using client = givenClient(given.server.url, options);
      const answers = await Promise.all([
        client.call('authentication', {token: 'ok'}),
        client.call('ping'),
      ]);
      for (const {error} of answers) assert.equal(error.code, 'AUTHENTICATION_REVOKED');
      await client.next('disconnect');
    });

    for (const [title, {handler, body, logged}] of Object.entries({
      ...THROWN,
      ...ANSWERED,
    })) {
      it(`ends in \`unauthorized\` when the authentication handler ${title}`, async () => {
        await using given = await givenServer(server => {
          server.auth(handler);
          server.onConnected(() => assert.fail('connected'));
        });
        await using client = givenClient(given.server.url, options);
        const reply = await client.call('authentication', {token: 'ok'});
        assert.deepEqual(await client.next('unauthorized'), body);
        assert.deepEqual(reply, {error: body});
        await client.next('disconnect');
        assert.equal(client.names.includes('authenticated'), false);
        assert.deepEqual(
          given.logged.map(([, statusCode]) => statusCode),
          logged === undefined ? [] : [logged],
        );
      });
    }

    for (const [title, {handler, body, logged}] of Object.entries(THROWN)) {
      it(`ends in \`unauthorized\` when a connected handler ${title}`, async () => {
        await using given = await givenServer(server => {
          server.onConnected(handler);
          server.onConnected(() => assert.fail('the next one ran'));
        });
        await using client = givenClient(given.server.url, options);
        const reply = await client.call('authentication', {token: 'ok'});
        assert.deepEqual(await client.next('unauthorized'), body);
        assert.deepEqual(reply, {error: body});
        await client.next('disconnect');
        assert.equal(client.names.includes('authenticated'), false);
        assert.deepEqual(
          given.logged.map(([, statusCode]) => statusCode),
          logged === undefined ? [] : [logged],
        );
      });
    }

    it('does not come from what a connected handler answers', async () => {
      await using given = await givenServer(server => {
        server.onConnected(() => false);
        server.onConnected(async () => undefined);
        server.onConnected((_socket, _credentials, callback) => callback());
      });
      await using client = givenClient(given.server.url, options);
      assert.deepEqual(await client.call('authentication', {token: 'ok'}), {
        result: true,
      });
    });

    it('never makes a method callable', async () => {
      const ran: unknown[] = [];
      await using given = await givenServer(server => {
        server.defineMethod('method', () => ran.push('method'));
      });
      await using client = givenClient(given.server.url, options);
      client.socket.emit('authentication', {token: 'bad'});
      client.socket.emit('method');
      await client.next('disconnect');
      await using other = await givenAuthenticated(given.server.url, undefined, options);
      await other.call('method');
      assert.deepEqual(ran, ['method']);
    });
  });

  describeSection('Timeout', options => {
    const TIMED_OUT = {
      message: `Not authenticated within ${TIMEOUT} ms.`,
      statusCode: 408,
      code: 'AUTHENTICATION_TIMEOUT',
    };

    it('refuses a client that sends nothing', async () => {
      await using given = await givenServer(undefined, {timeout: TIMEOUT});
      await using client = givenClient(given.server.url, options);
      assert.deepEqual(await client.next('unauthorized'), TIMED_OUT);
      await client.next('disconnect');
      assert.deepEqual(given.logged, []);
    });

    const hanging: Record<string, (server: SocketServer, gate: Gate) => void> = {
      'the authentication handler': (server, gate) =>
        server.auth(() => gate.opened.then(() => true)),
      'a connected handler': (server, gate) => server.onConnected(() => gate.opened),
    };
    for (const [title, define] of Object.entries(hanging)) {
      it(`closes the connection while ${title} hangs, and answers who waits`, async () => {
        const gate = new Gate();
        await using given = await givenServer(
          server => {
            define(server, gate);
            server.defineMethod('ping', () => 'pong');
          },
          {timeout: TIMEOUT},
        );
        await using client = givenClient(given.server.url, {
          ...options,
          reconnection: false,
        });
        const [reply, call] = await Promise.all([
          client.call('authentication', {token: 'ok'}),
          client.call('ping'),
        ]);
        assert.deepEqual(reply, {error: TIMED_OUT});
        assert.equal(call.error.code, 'AUTHENTICATION_TIMEOUT');
        assert.equal(await client.next('disconnect'), 'transport close');
        assert.ok(client.socket.active, 'comes back by itself');
        assert.deepEqual(client.names, ['connect', 'disconnect']);
        assert.deepEqual(
          given.logged.map(([, statusCode]) => statusCode),
          [408],
        );
        // Lets the disconnected handlers' turn come, so that the server can stop.
        gate.open();
      });
    }

    for (const outcome of ['success', 'failure']) {
      it(`discards a ${outcome} that comes later`, async () => {
        const gate = new Gate();
        const settled = new Gate();
        const connected: unknown[] = [];
        await using given = await givenServer(
          server => {
            server.auth(async (socket, credentials) => {
              if (credentials.token) return authenticateByToken(socket, credentials);
              await gate.opened;
              settled.open();
              if (outcome === 'failure') throw 'too late';
              return {name: 'late'};
            });
            server.onConnected((_socket, credentials) => connected.push(credentials));
            server.defineMethod('ping', () => 'pong');
          },
          {timeout: TIMEOUT},
        );
        await using client = givenClient(given.server.url, {
          ...options,
          reconnection: false,
        });
        client.socket.emit('authentication', {});
        await client.next('disconnect');
        gate.open();
        await settled.opened;
        await using other = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        assert.deepEqual(await other.call('ping'), {result: 'pong'});
        assert.deepEqual(connected, [{token: 'ok'}]);
        assert.deepEqual(client.names, ['connect', 'disconnect']);
        assert.deepEqual(
          given.logged.map(([, statusCode]) => statusCode),
          [408],
        );
      });
    }

    it('does not reach a client that is authenticated, nor one that renews', async () => {
      const entered = new Gate();
      const gate = new Gate();
      await using given = await givenServer(
        server => {
          server.auth(async (_socket, {slow}: {slow?: boolean}) => {
            if (!slow) return true;
            entered.open();
            await gate.opened;
            return true;
          });
          server.defineMethod('ping', () => 'pong');
        },
        {timeout: TIMEOUT},
      );
      await using client = await givenAuthenticated(given.server.url, {}, options);
      const renewed = client.call('authentication', {slow: true});
      await entered.opened;
      // Its time ends after the first client's would have.
      await using late = givenClient(given.server.url, options);
      await late.next('unauthorized');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      gate.open();
      assert.deepEqual(await renewed, {result: true});
    });
  });

  describeSection('Sharing', options => {
    it('gives those under way one outcome, that of the first credentials', async () => {
      const gate = new Gate();
      const checked: unknown[] = [];
      await using given = await givenServer(server => {
        server.auth(async (_socket, {name}: {name: string}) => {
          checked.push(name);
          await gate.opened;
          return name === 'first';
        });
        server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
      });
      openAfter(given, 3, gate);
      await using client = givenClient(given.server.url, options);
      const replies = await Promise.all(
        ['first', 'second', 'third'].map(name => client.call('authentication', {name})),
      );
      assert.deepEqual(replies, [{result: true}, {result: true}, {result: true}]);
      assert.deepEqual(await client.call('whoAmI'), {result: 'first'});
      assert.deepEqual(checked, ['first']);
      assert.deepEqual(client.names, ['connect', 'authenticated']);
    });

    it('keeps 16 of them waiting for an answer, and refuses more, at first and renewing', async () => {
      const gates = [new Gate(), new Gate()];
      let checks = 0;
      await using given = await givenServer(server => {
        server.auth(async () => {
          await gates[checks++].opened;
          return true;
        });
      });
      await using client = givenClient(given.server.url, options);
      for (const gate of gates) {
        const waiting = Array.from({length: 16}, () => client.call('authentication', {}));
        const {error} = await client.call('authentication', {});
        assert.equal(error.statusCode, 429);
        assert.equal(error.code, 'TOO_MANY_REQUESTS');
        gate.open();
        for (const reply of await Promise.all(waiting)) {
          assert.deepEqual(reply, {result: true});
        }
      }
      assert.equal(checks, 2);
      assert.deepEqual(client.names, ['connect', 'authenticated']);
    });

    it('gives them one failure', async () => {
      const gate = new Gate();
      const checked: unknown[] = [];
      await using given = await givenServer(server => {
        server.auth(async (_socket, {name}: {name: string}) => {
          checked.push(name);
          await gate.opened;
          throw `not ${name}`;
        });
      });
      openAfter(given, 3, gate);
      await using client = givenClient(given.server.url, options);
      const replies = await Promise.all(
        ['first', 'second', 'third'].map(name => client.call('authentication', {name})),
      );
      for (const reply of replies) assert.equal(reply.error.message, 'not first');
      await client.next('disconnect');
      assert.deepEqual(checked, ['first']);
      assert.equal(client.names.filter(name => name === 'unauthorized').length, 1);
    });
  });

  describeSection('Renewal', options => {
    it('replaces credentials and answers the ack, without event or connected handlers', async () => {
      let connected = 0;
      await using given = await givenServer(server => {
        server.onConnected(() => connected++);
        server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
      });
      await using client = await givenAuthenticated(
        given.server.url,
        {token: 'ok', name: 'old'},
        options,
      );
      assert.deepEqual(await client.call('whoAmI'), {result: 'old'});
      const reply = await client.call('authentication', {token: 'ok', name: 'new'});
      assert.deepEqual(reply, {result: true});
      assert.deepEqual(await client.call('whoAmI'), {result: 'new'});
      assert.deepEqual(client.names, ['connect', 'authenticated']);
      assert.equal(connected, 1);
    });

    it('that fails ends in `unauthorized`', async () => {
      await using given = await givenServer();
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      const reply = await client.call('authentication', {token: 'bad'});
      assert.deepEqual(reply, {error: GENERIC});
      assert.deepEqual(await client.next('unauthorized'), GENERIC);
      assert.equal(await client.next('disconnect'), 'io server disconnect');
    });

    for (const [title, renew, code] of [
      ['by this package', () => false, 'AUTHENTICATION_FAILED'],
      ['by the application', () => Promise.reject('No.'), 'UNAUTHENTICATED'],
    ] as const) {
      it(`that is refused ${title} answers what is in flight`, async () => {
        const entered = new Gate();
        const never = new Gate();
        await using given = await givenServer(server => {
          server.auth((_socket, first: boolean) => first || renew());
          server.defineMethod('slow', () => {
            entered.open();
            return never.opened;
          });
        });
        await using client = await givenAuthenticated(given.server.url, true, options);
        const call = client.call('slow');
        await entered.opened;
        client.socket.emit('authentication', false);
        const {error} = await call;
        assert.deepEqual([error.statusCode, error.code], [401, code]);
        assert.equal((await client.next('unauthorized')).code, 'AUTHENTICATION_FAILED');
        never.open();
      });
    }

    it('takes users without an id for the same', async () => {
      await using given = await givenServer(server => {
        server.auth((_socket, {name}: {name: string}) => ({name}));
        server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
      });
      const {url} = given.server;
      await using client = await givenAuthenticated(url, {name: 'Ana'}, options);
      const reply = await client.call('authentication', {name: 'Ben'});
      assert.deepEqual(reply, {result: true});
      assert.deepEqual(await client.call('whoAmI'), {result: 'Ben'});
    });

    it('leaves calls running meanwhile, with the old credentials', async () => {
      const entered = new Gate();
      const gate = new Gate();
      await using given = await givenServer(server => {
        server.auth(async (_socket, {name}: {name: string}) => {
          if (name === 'old') return true;
          entered.open();
          await gate.opened;
          return true;
        });
        server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
      });
      const {url} = given.server;
      await using client = await givenAuthenticated(url, {name: 'old'}, options);
      const renewed = client.call('authentication', {name: 'new'});
      await entered.opened;
      assert.deepEqual(await client.call('whoAmI'), {result: 'old'});
      gate.open();
      await renewed;
      assert.deepEqual(await client.call('whoAmI'), {result: 'new'});
    });

    it('shares its outcome as well', async () => {
      const gate = new Gate();
      const renewals: unknown[] = [];
      await using given = await givenServer(server => {
        server.auth(async (_socket, {name}: {name: string}) => {
          if (name === 'old') return true;
          renewals.push(name);
          await gate.opened;
          return true;
        });
        server.defineMethod('whoAmI', (_socket, credentials) => credentials.name);
      });
      const {url} = given.server;
      await using client = await givenAuthenticated(url, {name: 'old'}, options);
      const replies = ['new', 'newer'].map(name => client.call('authentication', {name}));
      assert.deepEqual(await client.call('whoAmI'), {result: 'old'});
      gate.open();
      assert.deepEqual(await Promise.all(replies), [{result: true}, {result: true}]);
      assert.deepEqual(await client.call('whoAmI'), {result: 'new'});
      assert.deepEqual(renewals, ['new']);
    });
  });

  describeSection('Handshake credentials', options => {
    const withAuth = (auth: ClientOptions['auth']) => ({...options, auth});
    const seenBy = (seen: unknown[]): ConnectionHandler => {
      return (socket, credentials) => {
        seen.push(credentials);
        return authenticateByToken(socket, credentials);
      };
    };

    it('count as the first authentication by default', async () => {
      const seen: unknown[] = [];
      await using given = await givenServer(server => server.auth(seenBy(seen)));
      const auth = {token: 'ok', name: 'hand'};
      await using client = givenClient(given.server.url, withAuth(auth));
      assert.equal(await client.next('authenticated'), true);
      assert.deepEqual(seen, [auth]);
    });

    it('are refused like any others', async () => {
      await using given = await givenServer();
      await using client = givenClient(given.server.url, withAuth({token: 'bad'}));
      assert.deepEqual(await client.next('unauthorized'), GENERIC);
    });

    it('leave it to the event when they are empty', async () => {
      const seen: unknown[] = [];
      await using given = await givenServer(server => server.auth(seenBy(seen)));
      await using client = givenClient(given.server.url, withAuth({}));
      await client.authenticate({token: 'ok'});
      assert.deepEqual(seen, [{token: 'ok'}]);
    });

    it('let an event share the outcome, then renew', async () => {
      const gate = new Gate();
      const seen: unknown[] = [];
      await using given = await givenServer(server => {
        server.auth(async (_socket, credentials) => {
          seen.push(credentials);
          await gate.opened;
          return true;
        });
      });
      given.server.io.once('connection', socket => socket.onAny(gate.open));
      await using client = givenClient(given.server.url, withAuth({name: 'hand'}));
      const shared = client.call('authentication', {name: 'event'});
      assert.deepEqual(await shared, {result: true});
      assert.deepEqual(seen, [{name: 'hand'}]);
      await client.call('authentication', {name: 'event'});
      assert.deepEqual(seen, [{name: 'hand'}, {name: 'event'}]);
    });

    it('are ignored with credentials: "event"', async () => {
      const seen: unknown[] = [];
      await using given = await givenServer(server => server.auth(seenBy(seen)), {
        credentials: 'event',
      });
      const auth = {token: 'bad'};
      await using client = givenClient(given.server.url, withAuth(auth));
      assert.equal((await client.call('anything')).error.code, 'UNAUTHENTICATED');
      await client.authenticate();
      assert.deepEqual(seen, [{token: 'ok'}]);
    });

    it('alone count with credentials: "handshake", and are undefined when empty', async () => {
      const seen: unknown[] = [];
      await using given = await givenServer(server => server.auth(seenBy(seen)), {
        credentials: 'handshake',
      });
      await using refused = givenClient(given.server.url, options);
      assert.deepEqual(await refused.next('unauthorized'), GENERIC);
      await using client = givenClient(given.server.url, withAuth({token: 'ok'}));
      assert.equal(await client.next('authenticated'), true);
      assert.deepEqual(seen, [undefined, {token: 'ok'}]);
    });
  });

  describeSection('Anonymous servers', options => {
    it('accept any credentials and give them to handlers', async () => {
      const connected: unknown[] = [];
      await using given = await givenServer(
        server => {
          server.onConnected((_socket, credentials) => connected.push(credentials));
          server.defineMethod(
            'whoAmI',
            (_socket, credentials) => credentials ?? 'nobody',
          );
        },
        {anonymous: true},
      );
      const {url} = given.server;
      await using named = await givenAuthenticated(url, 'me', options);
      assert.deepEqual(await named.call('whoAmI'), {result: 'me'});
      await using unnamed = givenClient(url, options);
      assert.deepEqual(await unnamed.call('authentication'), {result: true});
      assert.deepEqual(await unnamed.call('whoAmI'), {result: 'nobody'});
      assert.deepEqual(connected, ['me', undefined]);
      await named.call('authentication', 'you');
      assert.deepEqual(await named.call('whoAmI'), {result: 'you'});
    });

    it('still want `authentication` first, in time', async () => {
      await using given = await givenServer(
        server => server.defineMethod('ping', () => 'pong'),
        {anonymous: true, timeout: TIMEOUT},
      );
      await using client = givenClient(given.server.url, options);
      assert.equal((await client.call('ping')).error.code, 'UNAUTHENTICATED');
      assert.equal((await client.next('unauthorized')).statusCode, 408);
    });
  });
});
