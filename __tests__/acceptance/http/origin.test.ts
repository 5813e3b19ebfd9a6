import assert from 'node:assert/strict';
import {request as requestHttp} from 'node:http';
import {describe, it} from 'node:test';
import type {ServerOptions} from 'socket.io';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import {RawSocket, upgradeRequest} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

type Options = Partial<ServerOptions>;
type Headers = Record<string, string>;

const OTHER = 'https://elsewhere.example';
const PATH = '/socket.io/?EIO=4&transport=';

/** Status of a handshake with these headers. */
async function statusOf(
  url: string,
  transport: string,
  headers: Headers,
): Promise<number> {
  const upgrade = transport === 'websocket' && {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const request = requestHttp(url + PATH + transport, {
    agent: false,
    headers: {...headers, ...upgrade},
  });
  request.end();
  const [response, socket] = await Promise.race([
    once(request, 'response'),
    once(request, 'upgrade'),
  ]);
  response.resume();
  socket?.destroy();
  return response.statusCode === 101 ? 200 : response.statusCode;
}

/** Returns true when clients with these headers may connect, on both transports. */
async function isLetIn(
  io: Options,
  headers: Headers,
  rest: object = {},
): Promise<boolean> {
  await using given = await givenServer(() => undefined, {}, {component: {io}, rest});
  const url = given.server.url ?? '';
  const own = new URL(url).host;
  const named = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace('OWN', own),
  ]);
  const statuses: number[] = [];
  for (const transport of ['polling', 'websocket']) {
    statuses.push(await statusOf(url, transport, Object.fromEntries(named) as Headers));
  }
  const [polling, websocket] = statuses.map(status => status === 200);
  assert.equal(polling, websocket, 'Both transports must agree.');
  // Whatever became of it, other clients are served.
  await using client = await givenAuthenticated(url);
  void client;
  return polling;
}

const fails = (): never => {
  throw new Error('secret');
};
/** Declared as what it is given for: an application's TypeScript may allow it. */
const rejects = (async () => fails()) as () => void;

describe('a browser', () => {
  const let_in: [title: string, io: Options, headers: Headers, rest?: object][] = [
    ['from the server’s own host', {}, {Origin: 'http://OWN'}],
    [
      'behind a proxy that ends TLS',
      {},
      {Origin: 'https://a.example', Host: 'a.example'},
    ],
    [
      'behind such a proxy that names the port',
      {},
      {Origin: 'https://a.example', Host: 'a.example:443'},
    ],
    [
      'behind a trusted proxy that says what the host was',
      {},
      {Origin: 'https://a.example', 'X-Forwarded-Host': 'a.example, b.example'},
      {expressSettings: {'trust proxy': true}},
    ],
    ['allowed by a string', {cors: {origin: OTHER}}, {Origin: OTHER}],
    ['allowed by "*"', {cors: {origin: '*'}}, {Origin: OTHER}],
    ['allowed by a RegExp', {cors: {origin: /\.example$/g}}, {Origin: OTHER}],
    ['allowed by a list', {cors: {origin: ['http://a', /elsewhere/]}}, {Origin: OTHER}],
    ['allowed by true', {cors: {origin: true}}, {Origin: OTHER}],
    ['allowed as cors does without an origin', {cors: {}}, {Origin: OTHER}],
    [
      'allowed by a function',
      {cors: {origin: (from, answer) => answer(null, from === OTHER)}},
      {Origin: OTHER},
    ],
    [
      'allowed by a function that answers later with a list',
      {cors: {origin: (_from, answer) => setImmediate(answer, null, [OTHER])}},
      {Origin: OTHER},
    ],
    [
      'allowed by options made for the request',
      {cors: (_request, answer) => answer(null, {origin: OTHER})},
      {Origin: OTHER},
    ],
    ['that is none: no origin', {}, {}],
    ['that is none: no origin, and another host', {}, {Host: 'other.example'}],
    [
      'allowed by the application too',
      {allowRequest: (_r, answer) => answer(null, true)},
      {},
    ],
  ];
  for (const [title, io, headers, rest] of let_in) {
    it(`is let in: ${title}`, async () => {
      assert.equal(await isLetIn(io, headers, rest), true);
    });
  }

  const refused: [title: string, io: Options, headers: Headers, rest?: object][] = [
    ['from another host', {}, {Origin: OTHER}],
    ['from another port', {}, {Origin: 'http://127.0.0.1:1'}],
    ['from a host that looks like it', {}, {Origin: 'http://OWN.evil.example'}],
    ['with its host as a user name', {}, {Origin: 'http://OWN@evil.example'}],
    [
      'behind a proxy that is not trusted',
      {},
      {Origin: OTHER, 'X-Forwarded-Host': 'elsewhere.example'},
    ],
    ['of an opaque origin', {}, {Origin: 'null'}],
    ['of no readable origin', {}, {Origin: 'x'}],
    ['of no origin at all', {}, {Origin: ''}],
    ['of a file', {}, {Origin: 'file://'}],
    ['of an opaque origin and a host that is none', {}, {Origin: 'null', Host: '#'}],
    ['that another origin is allowed for', {cors: {origin: 'http://a'}}, {Origin: OTHER}],
    ['that no origin is allowed for', {cors: {origin: false}}, {Origin: OTHER}],
    ['that a RegExp does not match', {cors: {origin: /^http:\/\/a$/}}, {Origin: OTHER}],
    ['that a list does not name', {cors: {origin: ['http://a']}}, {Origin: OTHER}],
    [
      'that a function does not allow',
      {cors: {origin: (_from, answer) => answer(null, false)}},
      {Origin: OTHER},
    ],
    ['whose check throws', {cors: {origin: fails}}, {Origin: OTHER}],
    ['whose check rejects', {cors: {origin: rejects}}, {Origin: OTHER}],
    [
      'whose check calls an error back',
      {cors: {origin: (_from, answer) => answer(new Error('secret'), true)}},
      {Origin: OTHER},
    ],
    ['whose options cannot be made', {cors: fails}, {Origin: OTHER}],
    ['whose options are rejected', {cors: rejects}, {Origin: OTHER}],
    [
      'behind a proxy of which the application fails to say whether it is trusted',
      {},
      {Origin: OTHER, 'X-Forwarded-Host': 'elsewhere.example'},
      {expressSettings: {'trust proxy': fails}},
    ],
  ];
  for (const [title, io, headers, rest] of refused) {
    it(`is refused: ${title}`, async () => {
      // The other client has no origin; an application that fails for all lets none in.
      assert.equal(await isLetIn(onlyFor(io), headers, rest), false);
    });
  }
});

/** Leaves clients without an `Origin` alone, whatever the check of the application does. */
function onlyFor(io: Options): Options {
  const {cors} = io;
  if (typeof cors === 'function') {
    return {
      cors: (request, answer) =>
        (request as {headers: {origin?: string}}).headers.origin === undefined
          ? answer(null, {origin: false})
          : cors(request, answer),
    };
  }
  const origin = cors?.origin;
  if (typeof origin !== 'function') return io;
  return {
    cors: {
      origin: (from, answer) =>
        from === undefined ? answer(null, false) : origin(from, answer),
    },
  };
}

describe('the application’s allowRequest', () => {
  const HEADER = {'X-Refuse': '1'};
  const only =
    (refuse: NonNullable<Options['allowRequest']>): Options['allowRequest'] =>
    (request, answer) =>
      request.headers['x-refuse'] ? refuse(request, answer) : answer(null, true);

  const refusing: Record<string, NonNullable<Options['allowRequest']>> = {
    refuses: (_request, answer) => answer('no', false),
    'refuses later': (_request, answer) => setImmediate(answer, 'no', false),
    throws: fails,
    rejects,
    'refuses, then allows': (_request, answer) => {
      answer('no', false);
      answer(null, true);
    },
    'refuses, then throws': (_request, answer) => {
      answer('no', false);
      fails();
    },
  };
  for (const [title, refuse] of Object.entries(refusing)) {
    it(title, async () => {
      assert.equal(await isLetIn({allowRequest: only(refuse)}, HEADER), false);
    });
  }

  it('allows twice', async () => {
    const twice: Options['allowRequest'] = (_request, answer) => {
      answer(null, true);
      answer(null, true);
    };
    assert.equal(await isLetIn({allowRequest: twice}, {}), true);
  });

  it('is not asked about an origin that is refused', async () => {
    const allowRequest = only(() => assert.fail());
    assert.equal(await isLetIn({allowRequest}, {...HEADER, Origin: OTHER}), false);
  });

  it('takes its time, while the client cuts the connection', async () => {
    let asked!: () => void;
    let answered!: (allow: () => void) => void;
    const wasAsked = new Promise<void>(resolve => (asked = resolve));
    const allowing = new Promise<() => void>(resolve => (answered = resolve));
    await using given = await givenServer(
      () => undefined,
      {},
      {
        component: {
          io: {
            allowRequest: (request, answer) => {
              if (!request.headers.host?.startsWith('localhost')) {
                answer(null, true);
                return;
              }
              request.socket.once('close', () => answered(() => answer(null, true)));
              asked();
            },
          },
        },
      },
    );
    const raw = await RawSocket.connect(given.server.url);
    raw.write(upgradeRequest('/socket.io/?EIO=4&transport=websocket'));
    await wasAsked;
    raw.reset();
    (await allowing)();
    await using client = await givenAuthenticated(given.server.url);
    void client;
  });
});
