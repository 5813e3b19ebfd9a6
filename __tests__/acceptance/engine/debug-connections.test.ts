import {RestBindings} from '@loopback/rest';
import debugFactory from 'debug';
import assert from 'node:assert/strict';
import {get} from 'node:http';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {format, stripVTControlCharacters} from 'node:util';
import {once, seconds} from '../../helpers/awaited';
import {CANARY} from '../../helpers/canary';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Queue} from '../../helpers/queue';
import {givenServer} from '../../helpers/server';

const print = debugFactory.log;
let lines: Queue<string>;
let printed = '';

function watch(names: string): void {
  lines = new Queue();
  debugFactory.log = (...args: unknown[]) => {
    const line = stripVTControlCharacters(format(...args));
    printed += line;
    lines.push(line);
  };
  debugFactory.enable(names);
}

/** Asserts what the next line says, after its time and namespace. */
async function prints(expected: RegExp): Promise<void> {
  assert.match(await lines.next(), expected);
}

/** A handshake that is full of secrets. */
const SECRETS = {
  reconnection: false,
  query: {secret: CANARY},
  auth: {token: 'ok', secret: CANARY},
  extraHeaders: {cookie: CANARY, authorization: CANARY},
};

afterEach(() => {
  debugFactory.disable();
  debugFactory.log = print;
  assert.doesNotMatch(printed, new RegExp(CANARY));
  printed = '';
});

describe('DEBUG=loopback:socket:connection', {timeout: seconds(20)}, () => {
  beforeEach(() => watch('loopback:socket:connection'));

  it('prints when a connection opens, upgrades and closes, and nothing by which it could be taken over', async () => {
    await using given = await givenServer();
    const transports = ['polling', 'websocket'];
    const client = givenClient(given.server.url, {...SECRETS, transports});
    const {engine} = client.socket.io;
    await prints(/connection \d+ opened by polling/);
    await prints(/connection \d+ upgraded to websocket/);
    const {id} = engine as unknown as {id: string};
    await client[Symbol.asyncDispose]();
    await prints(/connection \d+ closed: /);
    assert.ok(id.length > 0 && !printed.includes(id));
    assert.equal(lines.size, 0);
  });
});

describe('DEBUG=loopback:socket:refusal', {timeout: seconds(20)}, () => {
  beforeEach(() => watch('loopback:socket:refusal'));

  it('prints why a request is refused', async () => {
    await using given = await givenServer(
      () => undefined,
      {},
      {
        component: {
          io: {allowRequest: (_request, answer) => answer('Not today\nforged', false)},
        },
      },
    );
    const {url} = given.server;
    for (const [query, headers, line] of [
      ['transport=polling', {}, /A request by GET was refused: Not today\\u\{a\}forged$/],
      [
        'transport=polling',
        {origin: 'http://x.example'},
        /: The origin is not allowed\.$/,
      ],
      ['transport=other', {}, /: Transport unknown$/],
      [`transport=polling&sid=${CANARY}`, {}, /: Session ID unknown$/],
    ] as const) {
      const request = get(`${url}/socket.io/?EIO=4&secret=${CANARY}&${query}`, {
        agent: false,
        headers: {...headers, cookie: CANARY},
      });
      await once(request, 'response');
      request.destroy();
      await prints(line);
    }
    assert.equal(lines.size, 0);
  });

  it('prints once why a socket may not join a namespace', async () => {
    await using given = await givenServer(
      () => undefined,
      {},
      {component: {maxSockets: 1}},
    );
    given.server.io.use((socket, next) => {
      next(socket.handshake.query.refuse ? new Error('No.') : undefined);
    });
    const {url} = given.server;
    await using refused = givenClient(`${url}`, {
      ...SECRETS,
      query: {...SECRETS.query, refuse: '1'},
    });
    await refused.next('connect_error');
    await prints(/A socket of \/ was refused: No\.$/);
    await using unknown = givenClient(`${url}/nowhere`, SECRETS);
    await unknown.next('connect_error');
    await prints(/A socket of \/nowhere was refused: Invalid namespace$/);
    await using client = await givenAuthenticated(url);
    const other = client.socket.io.socket('/another');
    await once(other as never, 'connect_error');
    await prints(/A socket of \/another was refused: Leave a namespace/);
    assert.equal(lines.size, 0);
  });

  it('prints once why a socket may not join a namespace of a pattern', async () => {
    await using given = await givenServer(() => undefined, {namespace: /^\/room-\d$/});
    const rest = await given.app.get(RestBindings.SERVER);
    await using client = givenClient(`${rest.url}/room-1`, {
      ...SECRETS,
      auth: JSON.parse('{"__proto__": 1}') as object,
    });
    await client.next('connect_error');
    await prints(/A socket of \/room-1 was refused: Args and credentials/);
    assert.equal(lines.size, 0);
  });
});
