// Every case of the suite of `loopback-socket`, and where its documentation and its code differ, what
// its documentation says.
import {inject} from '@loopback/core';
import type {ControllerClass} from '@loopback/core';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  socketAuth,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {
  ConnectionHandler,
  HandlerReference,
  SocketCallback,
  StartTarget,
} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {givenApp} from '../helpers/app';
import type {Logged} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {givenIo} from '../helpers/io';

interface Credentials {
  token?: string;
}

const password = '1234';
const right = {token: password};
const wrong = {token: '1111'};
const user = {name: 'someone'};

const internalError = {statusCode: 500, message: 'Internal Server Error'};

/** Values that fail authentication, though nothing is thrown. */
const falsy: Record<string, unknown> = {
  false: false,
  undefined: undefined,
  null: null,
  0: 0,
  "''": '',
};

class AuthenticatedByValue {
  @socketAuth()
  authenticate(_socket: Socket, credentials: Credentials) {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  }
}

class AuthenticatedByPromise {
  @socketAuth()
  async authenticate(_socket: Socket, credentials: Credentials) {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  }
}

class AuthenticatedByCallback {
  @socketAuth()
  authenticate(_socket: Socket, credentials: Credentials, cb: SocketCallback): void {
    // The first outcome wins, as in the original suite.
    if (credentials.token !== password) cb('wrong token');
    cb(null, user);
  }
}

const handlers: Record<string, ConnectionHandler> = {
  'a plain value': (_socket, credentials: Credentials) => {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  },
  'a promise': async (_socket, credentials: Credentials) => {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  },
  'a callback': (_socket, credentials: Credentials, cb) => {
    if (credentials.token !== password) cb('wrong token');
    cb(null, user);
  },
};

const controllers: Record<string, ControllerClass> = {
  'a plain value': AuthenticatedByValue,
  'a promise': AuthenticatedByPromise,
  'a callback': AuthenticatedByCallback,
};

/** Shows that the socket was refused and that its connection has ended. */
async function assertRefused(client: TestClient, message?: string): Promise<void> {
  const {statusCode, ...body} = await client.next('unauthorized');
  assert.equal(statusCode, 401);
  if (message !== undefined) assert.equal(body.message, message);
  assert.equal(await client.next('disconnect'), 'io server disconnect');
  assert.equal(client.socket.connected, false);
  assert.ok(!client.names.includes('authenticated'));
}

/** Resolves when the server has received that many `authentication` events on a socket. */
function received(socket: Socket, count: number): Promise<void> {
  return new Promise(resolve => {
    let seen = 0;
    socket.onAny((name: string) => {
      if (name === 'authentication' && ++seen === count) resolve();
    });
  });
}

interface ByHand extends AsyncDisposable {
  readonly server: SocketServer;
  readonly url: string;
  readonly logged: Logged[];
  bind(key: string, value: unknown): void;
  controller(type: ControllerClass): void;
}

/** Sets a server up by hand, and starts it. */
type GivenByHand = (setup: (server: SocketServer) => void) => Promise<ByHand>;

function givenOnIo(target: (io: StartTarget & {of: unknown}) => StartTarget): GivenByHand {
  return async setup => {
    const own = await givenIo();
    const given = await givenApp({start: false});
    setup(given.server);
    given.server.start(target(own.io));
    assert.ok(given.server.url);
    return {
      server: given.server,
      url: given.server.url,
      logged: given.logged,
      bind: (key, value) => void given.app.bind(key).to(value),
      controller: type => void given.app.controller(type),
      [Symbol.asyncDispose]: async () => {
        await given.server.stop();
        await own[Symbol.asyncDispose]();
      },
    };
  };
}

const places: Record<string, GivenByHand> = {
  'on the application': async setup => {
    const given = await givenApp({setup: app => setup(SocketServer.get(app))});
    assert.ok(given.server.url);
    return {
      server: given.server,
      url: given.server.url,
      logged: given.logged,
      bind: (key, value) => void given.app.bind(key).to(value),
      controller: type => void given.app.controller(type),
      [Symbol.asyncDispose]: () => Promise.resolve(given[Symbol.asyncDispose]()),
    };
  },
  'on a given socket.io server': givenOnIo(io => io),
  'on a given namespace': givenOnIo(io => ('sockets' in io ? io.of('/x') : io)),
};
