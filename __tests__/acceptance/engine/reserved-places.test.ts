import assert from 'node:assert/strict';
import {request as requestHttp} from 'node:http';
import type {IncomingMessage} from 'node:http';
import {describe, it} from 'node:test';
import {SocketBindings} from 'loopback4-socket';
import type {SocketComponentOptions} from 'loopback4-socket';
import type {Server as IoServer} from 'socket.io';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {givenHttp} from '../../helpers/net';
import {Queue} from '../../helpers/queue';
import {RawClient} from '../../helpers/raw-client';
import {RawSocket, upgradeRequest} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

/** The limit of connections. */
const MOST = 3;
const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const OTHER = 'https://elsewhere.example';
const LIMITS: readonly SocketComponentOptions[] = [
  {maxUnauthenticated: MOST},
  {maxConnectionsPerAddress: MOST},
];

/** Answers whoever asked about a connection. */
interface Decision {
  readonly allow: () => void;
  readonly refuse: () => void;
}

interface Decider {
  io?: SocketComponentOptions['io'];
  setup?: (io: IoServer) => void;
  /** Status of a connection that is refused. */
  refused: number;
}

/** Those whom an application may have decide on a connection, and who may take their time. */
const DECIDERS: Record<string, (decisions: Queue<Decision>) => Decider> = {
  allowRequest: decisions => ({
    refused: 403,
    io: {
      cors: {origin: true},
      allowRequest: (_request, answer) =>
        decisions.push({
          allow: () => answer(null, true),
          refuse: () => answer('No.', false),
        }),
    },
  }),
  cors: decisions => {
    const asked = new WeakSet();
    return {
      refused: 403,
      io: {
        cors: (request, answer) => {
          const allow = () => answer(null, {origin: OTHER});
          const refuse = () => answer(null, {origin: false});
          // socket.io asks first, for the headers of its answer.
          if (asked.has(request)) decisions.push({allow, refuse});
          else allow();
          asked.add(request);
        },
      },
    };
  },
  'engine.generateId': decisions => ({
    refused: 400,
    io: {cors: {origin: true}},
    setup: ({engine}) => {
      const generate = engine.generateId.bind(engine);
      const decide = (request: IncomingMessage) =>
        new Promise((resolve, reject) =>
          decisions.push({
            allow: () => resolve(generate(request)),
            refuse: () => reject(new Error('No.')),
          }),
        );
      Object.assign(engine, {generateId: decide});
    },
  }),
};

async function givenDecisions(
  decider: string,
  limits: SocketComponentOptions = LIMITS[0],
) {
  const decisions = new Queue<Decision>();
  const {io, setup, refused} = DECIDERS[decider](decisions);
  const given = await givenServer(
    () => undefined,
    {timeout: false},
    {
      component: {...limits, ...(io && {io})},
      setup: async app => {
        await app.init();
        setup?.(app.getSync(SocketBindings.IO));
      },
    },
  );
  return Object.assign(given, {decisions, refused, url: given.server.url ?? ''});
}

/** Asks for a connection from another host. */
function ask(url: string) {
  const headers = {Origin: OTHER};
  const request = requestHttp(url + POLLING, {agent: false, headers}).end();
  const status = once(request, 'response').then(([response]: IncomingMessage[]) => {
    response.resume();
    return response.statusCode;
  });
  return {request, status};
}

for (const decider of Object.keys(DECIDERS)) {
  describe(`while ${decider} decides`, {timeout: seconds(20)}, () => {
    for (const limits of LIMITS) {
      it(`a connection counts towards ${Object.keys(limits)[0]}`, async () => {
        await using given = await givenDecisions(decider, limits);
        const asked = Array.from({length: MOST}, () => ask(given.url).status);
        const decisions = await Promise.all(asked.map(() => given.decisions.next()));
        for (let more = 0; more < MOST; more++)
          assert.equal(await ask(given.url).status, 403);
        for (const {allow} of decisions) allow();
        assert.deepEqual(await Promise.all(asked), [200, 200, 200]);
        assert.equal(given.decisions.size, 0);
        assert.equal(await ask(given.url).status, 403);
      });

      it(`one that is refused does not any more, as ${Object.keys(limits)[0]} has it`, async () => {
        await using given = await givenDecisions(decider, limits);
        for (let count = 0; count <= MOST; count++) {
          const {status} = ask(given.url);
          (await given.decisions.next()).refuse();
          assert.equal(await status, given.refused);
        }
      });
    }
  });
}

for (const decider of ['allowRequest', 'cors']) {
  it(`a client that goes while ${decider} decides gives its place back, and has no connection`, async () => {
    await using given = await givenDecisions(decider);
    const {engine} = given.app.getSync(SocketBindings.IO);
    for (let count = 0; count <= MOST; count++) {
      const {request, status} = ask(given.url);
      const decision = await given.decisions.next();
      const noted = once(engine, 'connection_error');
      request.destroy();
      await assert.rejects(status, /socket hang up/);
      await noted;
      decision.allow();
    }
    assert.equal(engine.clientsCount, 0);
  });
}

it('a connection that is decided on while the application stops is refused', async () => {
  await using given = await givenDecisions('allowRequest');
  const gate = new Gate();
  given.server.defineMethod('slow', () => gate.opened);
  await using client = givenClient(given.url);
  (await given.decisions.next()).allow();
  await client.authenticate();
  const {status} = ask(given.url);
  const {allow} = await given.decisions.next();
  client.socket.emit('slow');
  const stopped = given.app.stop();
  await client.next('draining');
  allow();
  assert.equal(await status, 403);
  gate.open();
  await stopped;
});

describe('a place is given back', {timeout: seconds(20)}, () => {
  it('by an upgrade that goes wrong', async () => {
    await using given = await givenServer(() => undefined, {}, {component: LIMITS[0]});
    for (let count = 0; count <= MOST; count++) {
      await using raw = await RawSocket.connect(given.server.url);
      const request = upgradeRequest(WEBSOCKET);
      raw.write(request.replace('dGhlIHNhbXBsZSBub25jZQ==', 'short'));
      assert.match(await raw.head(), /Bad Request/);
    }
    await using _client = await givenAuthenticated(given.server.url);
  });

  it('by an upgrade of a transport that cannot be upgraded to', async () => {
    await using given = await givenServer(() => undefined, {}, {component: LIMITS[0]});
    for (let count = 0; count <= MOST; count++) {
      await using raw = await RawSocket.connect(given.server.url);
      raw.write(upgradeRequest(POLLING));
      assert.match(await raw.head(), /Bad request/i);
    }
    await using _client = await givenAuthenticated(given.server.url);
  });

  it('by a client of an unknown protocol', async () => {
    await using given = await givenServer(() => undefined, {}, {component: LIMITS[0]});
    for (let count = 0; count <= MOST; count++)
      assert.equal(await RawClient.tryOpen(given.server.url, 3), 400);
    await using _client = await givenAuthenticated(given.server.url);
  });

  it('by each connection where the application attached the socket.io server itself', async () => {
    await using own = givenHttp();
    await using given = await givenServer(
      () => undefined,
      {},
      {component: LIMITS[0], rest: {listenOnStart: false}},
    );
    given.app.getSync(SocketBindings.IO).attach(own.http);
    await own.listen();
    for (let count = 0; count <= MOST; count++) {
      await using _client = await givenAuthenticated(given.server.url);
    }
    for (let count = 0; count < MOST; count++)
      assert.equal(await RawClient.tryOpen(given.server.url, 4), 200);
    assert.equal(await RawClient.tryOpen(given.server.url, 4), 403);
  });
});
