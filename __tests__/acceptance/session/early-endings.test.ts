import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import type {Socket, SocketServer} from 'loopback4-socket';
import type {GivenApp} from '../../helpers/app';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {givenServer} from '../../helpers/server';

/** The length of an authentication here, in ms. */
const LASTS = 300;

interface Ending {
  /** The steps of a method before its first `await`. */
  readonly end: (socket: Socket, given: GivenApp) => unknown;
  readonly code: string;
}

/** Endings of a socket, brought about by a method that it has called. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  'its socket is disconnected': {
    end: socket => socket.disconnect(),
    code: 'AUTHENTICATION_REVOKED',
  },
  'its connection is closed': {
    end: socket => socket.disconnect(true),
    code: 'AUTHENTICATION_REVOKED',
  },
  'its namespace is disconnected': {
    end: socket => socket.nsp.disconnectSockets(),
    code: 'AUTHENTICATION_REVOKED',
  },
  'its user is revoked': {
    end: (_socket, {server}) => server.disconnectUser('ana'),
    code: 'AUTHENTICATION_REVOKED',
  },
  'its authentication ends': {
    end: () => {
      const began = performance.now();
      // Nothing else runs meanwhile, timers included.
      while (performance.now() - began < LASTS + 10);
    },
    code: 'AUTHENTICATION_EXPIRED',
  },
};

/** A server whose method `end` is called in several ways; `hang` never answers. */
function givenEnding(
  define: (server: SocketServer, given: () => GivenApp) => void,
  lasts?: number,
): Promise<GivenApp> {
  const opening: {given?: GivenApp} = {};
  const result = givenServer(server => {
    server.auth(() => ({
      [securityId]: 'ana',
      ...(lasts !== undefined && {expiresAt: Date.now() + lasts}),
    }));
    define(server, () => opening.given as GivenApp);
  });
  return result.then(given => (opening.given = given));
}

for (const transport of ['websocket', 'polling']) {
  const options = {transports: [transport], reconnection: false};

  describe(`a call over ${transport}`, () => {
    const ways: Record<string, (client: TestClient) => ReturnType<TestClient['call']>> = {
      'a call': client => client.call('end'),
      'a call with an id': client => client.call('end', null, {$call: {id: '1'}}),
    };
    for (const [title, {end, code}] of Object.entries(ENDINGS)) {
      for (const [way, ask] of Object.entries(ways)) {
        it(`is answered when ${title} before its method's first await: ${way}`, async () => {
          const never = new Gate();
          await using given = await givenEnding(
            (server, app) => {
              server.defineMethod('end', (socket: Socket) => {
                end(socket, app());
                return never.opened;
              });
            },
            code === 'AUTHENTICATION_EXPIRED' ? LASTS : undefined,
          );
          await using client = await givenAuthenticated(given.server.url, {}, options);
          assert.equal((await ask(client)).error.code, code);
          await client.next('disconnect');
          never.open();
        });
      }
    }

    it('is answered when its guard or its method behind a limiter ends the socket', async () => {
      const limiter = {consume: () => Promise.resolve()};
      for (const by of ['guard', 'method'] as const) {
        const never = new Gate();
        await using given = await givenServer(
          server => {
            server.onConnected(socket => {
              socket.use((_packet, next) => {
                if (by === 'guard') socket.disconnect();
                next();
              });
            });
            server.defineMethod('end', (socket: Socket) => {
              socket.disconnect();
              return never.opened;
            });
          },
          {callLimiter: {limiter}},
        );
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        const {error} = await client.call('end');
        assert.equal(error.code, 'AUTHENTICATION_REVOKED');
        never.open();
      }
    });

    const stops: Record<string, (given: GivenApp) => Promise<void>> = {
      application: ({app}) => app.stop(),
      server: ({server}) => server.stop(),
    };
    for (const [title, stop] of Object.entries(stops)) {
      it(`is waited for when it stops its ${title} before its first await`, async () => {
        const gate = new Gate();
        const stopping: Promise<void>[] = [];
        await using given = await givenEnding((server, app) => {
          server.defineMethod('end', async () => {
            stopping.push(stop(app()));
            await gate.opened;
            return 'done';
          });
        });
        await using client = await givenAuthenticated(given.server.url, {}, options);
        const call = client.call('end');
        await client.next('draining');
        await new Promise(setImmediate);
        gate.open();
        assert.deepEqual(await call, {result: 'done'});
        await Promise.all(stopping);
      });
    }

    const answers: Record<string, [reply: unknown[], answer: object, logged: number]> = {
      'a result': [[null, 'bye'], {result: 'bye'}, 0],
      'no result': [[], {}, 0],
      'a string as error': [['No.'], {error: 'No.'}, 0],
      'an Error': [
        [new Error('secret')],
        {error: {statusCode: 500, message: 'Internal Server Error'}},
        1,
      ],
      'a stream': [
        [null, Readable.from(['secret'])],
        {
          error: {
            statusCode: 401,
            message: 'Disconnected by the server.',
            name: 'UnauthorizedError',
            code: 'AUTHENTICATION_REVOKED',
          },
        },
        0,
      ],
    };
    for (const [title, [reply, answer, logged]] of Object.entries(answers)) {
      for (const when of ['at once', 'later', 'behind a limiter']) {
        it(`is answered with what was called back before its socket was disconnected: ${title}, ${when}`, async () => {
          const limiter = {consume: () => Promise.resolve()};
          await using given = await givenServer(
            server =>
              server.defineMethod('end', (socket, _credentials, _args, callback) => {
                const run = () => {
                  callback(...reply);
                  socket.disconnect();
                };
                if (when === 'later') setImmediate(run);
                else run();
              }),
            when === 'behind a limiter' ? {callLimiter: {limiter}} : {},
          );
          await using client = await givenAuthenticated(
            given.server.url,
            undefined,
            options,
          );
          assert.deepEqual(await client.call('end'), answer);
          await client.next('disconnect');
          await new Promise(setImmediate);
          assert.equal(given.logged.length, logged);
        });
      }
    }

    it('is answered by a listener that answers and then disconnects', async () => {
      await using given = await givenServer(server =>
        server.onConnected(socket => {
          socket.on('end', (ack: (reply: string) => void) => {
            ack('bye');
            socket.disconnect();
          });
        }),
      );
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.equal(await client.call('end'), 'bye');
    });

    it('that waited for authentication is answered when the first of them ends the socket', async () => {
      for (const {end, code} of Object.values(ENDINGS)) {
        if (code !== 'AUTHENTICATION_REVOKED') continue;
        const gate = new Gate();
        const ran: string[] = [];
        await using given = await givenEnding((server, app) => {
          server.auth(async () => {
            await gate.opened;
            return {[securityId]: 'ana'};
          });
          server.defineMethod('end', (socket: Socket) => {
            end(socket, app());
            return 'too late';
          });
          server.defineMethod('next', () => ran.push('next'));
        });
        given.server.io.on('connection', socket => {
          socket.onAny(name => name === 'next' && gate.open());
        });
        await using client = givenClient(given.server.url, options);
        const replies = await Promise.all([
          client.call('authentication', {}),
          client.call('end'),
          client.call('other'),
          client.call('next'),
        ]);
        assert.deepEqual(replies[0], {result: true});
        for (const {error} of replies.slice(1)) assert.equal(error.code, code);
        assert.deepEqual(ran, []);
      }
    });
  });
}
