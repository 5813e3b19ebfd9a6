import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {get} from 'node:http';
import type {IncomingMessage} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, it} from 'node:test';
import {once, seconds} from '../../helpers/awaited';
import {CANARY} from '../../helpers/canary';
import {givenClient} from '../../helpers/client';
import type {ClientOptions, TestClient} from '../../helpers/client';
import {nested} from '../../helpers/nested';

/** The failures that a client may ask for. */
const FAILURES = [
  'nothing',
  'hang',
  'error',
  'reject',
  '502',
  '409',
  'object',
  'map',
  'circular',
  'aggregate',
];
const METHODS = ['call', 'controlled', 'guarded', 'listened'];

/** Everything in a handshake that may be secret. */
const HANDSHAKE: ClientOptions = {
  reconnection: false,
  query: {secret: CANARY},
  extraHeaders: {
    cookie: `session=${CANARY}`,
    authorization: `Bearer ${CANARY}`,
    'x-secret': CANARY,
  },
};

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

let child: ChildProcess;
let url: string;
/** All that the process prints. */
let printed = '';
/** All that clients receive. */
let received: string[] = [];

/** A client whose every packet is kept. */
function givenWatched(namespace: string, options: ClientOptions): TestClient {
  const client = givenClient(new URL(namespace, url).href, {
    ...HANDSHAKE,
    ...options,
    query: {...HANDSHAKE.query, ...options.query},
  });
  const {engine} = client.socket.io;
  engine.on('packet', packet => received.push(String(packet.data)));
  return client;
}

/** The events that end an attempt to authenticate. */
async function outcome(client: TestClient): Promise<string> {
  return new Promise(resolve => {
    for (const event of ['authenticated', 'disconnect', 'connect_error']) {
      if (client.names.includes(event)) resolve(event);
      client.socket.once(event, () => resolve(event));
    }
  });
}

before(async () => {
  const {DEBUG: _debug, ...env} = process.env;
  child = fork(join(__dirname, '../../fixtures/canary-process.js'), [], {
    execArgv: [],
    silent: true,
    env,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  [url] = (await once(child, 'message')) as [string];
});

after(async () => {
  child.send('stop');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
});

function nothingIsTold(): void {
  const told = received.filter(packet => packet.includes(CANARY));
  assert.deepEqual(told, []);
  assert.ok(received.length > 0);
  received = [];
}

for (const transport of ['websocket', 'polling']) {
  const transports = [transport];

  describe(
    `what is secret is told to no client over ${transport}`,
    {timeout: seconds(60)},
    () => {
      for (const namespace of ['/', '/jwt', '/strategy', '/unknown', '/missing']) {
        it(`that authenticates on ${namespace}`, async () => {
          await Promise.all(
            [...FAILURES, ''].flatMap(fail =>
              ['connected', 'wrong token', 'event'].map(async how => {
                const credentials = {
                  token: how === 'wrong token' ? `not ${CANARY}` : CANARY,
                  ...(how === 'connected' ? {connected: fail} : {fail}),
                };
                const auth = how === 'event' ? {} : credentials;
                await using client = givenWatched(namespace, {transports, auth});
                if (how === 'event') client.socket.emit('authentication', credentials);
                const came = await outcome(client);
                // A renewal that fails, or meets an outage.
                if (came !== 'authenticated') return;
                const renewal = {token: CANARY, fail: 'error'};
                assert.ok((await client.call('authentication', renewal)).error);
              }),
            ),
          );
          nothingIsTold();
        });
      }

      it('whose credentials are refused unread', async () => {
        for (const credentials of [
          JSON.parse(`{"token":"${CANARY}","__proto__":{"a":"${CANARY}"}}`),
          {token: CANARY, deep: JSON.parse(nested(70))},
        ]) {
          for (const auth of [credentials, {}]) {
            await using client = givenWatched('/', {transports, auth});
            client.socket.emit('authentication', credentials);
            await outcome(client);
          }
          await using client = givenWatched('/', {transports});
          await client.socket.emitWithAck('authentication', credentials, CANARY);
        }
        nothingIsTold();
      });

      it('that is refused by a middleware', async () => {
        for (const fail of ['refuse', ...FAILURES]) {
          await using client = givenWatched('/', {transports, query: {fail}});
          if (fail === 'hang' || fail === 'nothing' || fail === 'circular') {
            assert.equal(await outcome(client), 'disconnect');
          } else {
            assert.equal(await outcome(client), 'connect_error');
          }
        }
        nothingIsTold();
      });

      it('that is refused by allowRequest, or by its origin', async () => {
        for (const query of ['fail=request', 'fail=forbidden', 'sid=none', '']) {
          const request = get(
            `${url}/socket.io/?EIO=4&transport=${transport}&secret=${CANARY}&${query}`,
            {
              agent: false,
              headers: {
                ...(transport === 'websocket' && UPGRADE),
                ...(query === '' && {origin: `http://${CANARY}.example`}),
                cookie: CANARY,
              },
            },
          );
          const [response] = (await once(request, 'response')) as [IncomingMessage];
          assert.ok((response.statusCode ?? 0) >= 400, query);
          received.push(response.rawHeaders.join(' '));
          for await (const chunk of response) received.push(String(chunk));
        }
        nothingIsTold();
      });

      it('that calls', async () => {
        await using client = givenWatched('/', {transports, auth: {token: CANARY}});
        assert.equal(await outcome(client), 'authenticated');
        for (const method of METHODS) {
          for (const fail of FAILURES) {
            const hangs = ['guarded', 'listened'].includes(method);
            if (hangs && ['hang', 'nothing', 'circular'].includes(fail)) continue;
            const {error, result} = await client.call(method, {fail});
            if (fail !== 'nothing') assert.ok(error, `${method} ${fail}`);
            else assert.equal(result, undefined);
          }
        }
        const {error} = await client.call('validated', {limit: CANARY});
        assert.equal(error.code, 'VALIDATION_FAILED');
        for (const args of [[{}, CANARY], [{}, {}, CANARY], [JSON.parse(nested(70))]]) {
          assert.ok((await client.call('controlled', ...args)).error);
        }
        assert.equal((await client.call(CANARY)).error.statusCode, 404);
        nothingIsTold();
      });
    },
  );
}

it('what is secret is not logged', async () => {
  assert.match(printed, /Error: It broke\./);
  assert.match(printed, /Socket handler CanaryController\.controlled of server/);
  assert.doesNotMatch(printed, new RegExp(CANARY));
});
