import {Server as Engine, transports} from 'engine.io';
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {describe, it} from 'node:test';
import {Namespace, Server, Socket} from 'socket.io';
import type * as socketIo from 'socket.io';
import {Adapter, SessionAwareAdapter} from 'socket.io-adapter';
import {PRIVATE_PARTS} from '../../../dist/engine/private-parts';
import {checkSocketIo} from '../../../dist/engine/version-check';
import {givenApp} from '../../helpers/app';
import {givenClient} from '../../helpers/client';
import {givenIo} from '../../helpers/io';
import {isRefused, renamed, replaced, without} from '../../helpers/private-parts';
import {givenServer} from '../../helpers/server';
import {seconds} from '../../helpers/awaited';

const io = new Server() as unknown as {
  encoder: object;
  _parser: {Decoder: {prototype: object}};
  of(name: RegExp): object;
};

/** The prototype of each class; that of clients is in no module that can be imported. */
const PROTOTYPES: Partial<Record<string, object>> = {
  Server: Server.prototype,
  Namespace: Namespace.prototype,
  ParentNamespace: Object.getPrototypeOf(io.of(/^\/x$/)) as object,
  Adapter: Adapter.prototype,
  Socket: Socket.prototype,
  Encoder: Object.getPrototypeOf(io.encoder) as object,
  Decoder: io._parser.Decoder.prototype,
  BroadcastOperator: Object.getPrototypeOf(new Server().to('x')) as object,
};

/** Of Engine.IO's transport, which no module exports. */
const POLLING = Object.getPrototypeOf(
  new (transports as any).polling({_query: {}}, {}),
) as object;

describe('a version', {timeout: seconds(60)}, () => {
  for (const [owner, parts] of Object.entries<Record<string, string>>(PRIVATE_PARTS)) {
    const [packageName, name] = owner.split(/[ /]/);
    const prototype = packageName.startsWith('socket.io') ? PROTOTYPES[name] : undefined;
    for (const [part, type] of Object.entries(parts)) {
      it(`that has renamed ${owner}.${part} is refused`, () =>
        renamed(parts, part, () => isRefused(packageName, `${name}.${part}Renamed`)));
      // socket.io itself needs its fields, and fails first.
      if (!prototype || type !== 'function') continue;
      it(`that lacks ${owner}.${part} is refused`, () =>
        without(prototype, part, () => isRefused(packageName, `${name}.${part}`)));
    }
  }
});

describe('a version of Engine.IO or ws', {timeout: seconds(20)}, () => {
  it('that verifies requests another way is refused', () => {
    const {verify} = Engine.prototype as any;
    const handle = function (this: any, request: any, response: any) {
      this.prepare(request);
      request.res = response;
      verify.call(this, request, false, () =>
        this.handshake('polling', request, () => undefined),
      );
    };
    return replaced(Engine.prototype, 'handleRequest', {value: handle}, () =>
      isRefused('engine.io', 'Server.verify'),
    );
  });

  it('that reads requests another way is refused', () => {
    const {onData} = POLLING as any;
    const onDataRequest = function (this: any, _request: unknown, response: any) {
      onData.call(this, '4text');
      response.end();
    };
    return replaced(POLLING, 'onDataRequest', {value: onDataRequest}, () =>
      isRefused('engine.io', 'Polling.onData'),
    );
  });

  it('that writes responses another way is refused', () => {
    const {doWrite} = POLLING as any;
    const write = function (this: any, data: unknown, options: unknown) {
      doWrite.call(this, data, options, () => {
        this.req.cleanup();
        this.emit('drain');
      });
    };
    return replaced(POLLING, 'write', {value: write}, () =>
      isRefused('engine.io', 'Polling.doWrite'),
    );
  });
});

describe('a version of socket.io', () => {
  it('whose packets come another way is refused at start', async () => {
    const {onevent, _onpacket} = Socket.prototype as unknown as Record<
      string,
      (this: unknown, packet: {type: number}) => void
    >;
    const prototype = Socket.prototype as unknown as Record<string, unknown>;
    prototype._onpacket = function (this: Socket, packet: {type: number}) {
      (packet.type === 2 ? onevent : _onpacket).call(this, packet);
    };
    try {
      await assert.rejects(givenApp(), /has changed Socket\.onevent/);
    } finally {
      prototype._onpacket = _onpacket;
    }
  });

  it('whose children of patterns are removed another way is refused', () => {
    const {createChild} = PROTOTYPES.ParentNamespace as any;
    const value = function (this: unknown, name: string) {
      const child = createChild.call(this, name);
      Reflect.deleteProperty(child, '_remove');
      return child;
    };
    return replaced(PROTOTYPES.ParentNamespace!, 'createChild', {value}, () =>
      isRefused('socket.io', 'Namespace._remove'),
    );
  });

  for (const [method, part] of [
    ['persistSession', 'sessions'],
    ['broadcast', 'packets'],
  ]) {
    it(`that keeps ${part} of recovery elsewhere is refused`, () =>
      replaced(SessionAwareAdapter.prototype, method, {value: () => undefined}, () =>
        isRefused('socket.io-adapter', `SessionAwareAdapter.${part}`),
      ));
  }

  it('that is installed has all parts, as a check finds that leaves nothing open', async () => {
    await checkSocketIo();
    const resources = process.getActiveResourcesInfo().sort();
    await checkSocketIo();
    assert.deepEqual(process.getActiveResourcesInfo().sort(), resources);
  });
});

/** Loads socket.io once more, like an application with a copy of its own. */
function otherCopy(): typeof socketIo {
  const own = Object.keys(require.cache).filter(path => /\bsocket\.io\b/.test(path));
  const modules = own.map(path => [path, require.cache[path]] as const);
  for (const path of own) Reflect.deleteProperty(require.cache, path);
  try {
    return createRequire(__filename)('socket.io') as typeof socketIo;
  } finally {
    for (const [path, loaded] of modules) require.cache[path] = loaded;
  }
}

describe('a socket.io server of the application, from another installed copy', () => {
  for (const [name, part] of [
    ['Server', '_checkNamespace'],
    ['Namespace', '_doConnect'],
  ] as const) {
    it(`is refused when it lacks ${name}.${part}`, async () => {
      const copy = otherCopy();
      await using given = await givenServer(() => undefined, {}, {start: false});
      await without(copy[name].prototype, part, () =>
        assert.throws(
          () => given.server.start(new copy.Server()),
          new RegExp(`the socket.io server given .* lacks socket.io/${name}.${part}`),
        ),
      );
    });
  }

  it('is refused when its sockets lack a part', {timeout: seconds(10)}, async () => {
    const copy = otherCopy();
    await using own = await givenIo({}, copy);
    await using given = await givenServer(() => undefined, {}, {start: false});
    await without(copy.Socket.prototype, 'newBroadcastOperator', async () => {
      await using early = givenClient(own.url);
      await early.next('connect');
      assert.throws(() => given.server.start(own.io), /lacks socket\.io\/Socket\.new/);
    });
  });

  it('refuses sockets that lack a part', {timeout: seconds(10)}, async () => {
    const copy = otherCopy();
    await using own = await givenIo({}, copy);
    await using given = await givenServer(() => undefined, {}, {start: false});
    given.server.start(own.io);
    await without(copy.Socket.prototype, 'newBroadcastOperator', async () => {
      await using client = givenClient(own.url);
      const error = await client.next('connect_error');
      assert.equal((error as Error).message, 'Internal Server Error');
    });
    assert.match(
      String(given.logged[0][0]),
      /lacks socket\.io\/Socket\.newBroadcastOperator/,
    );
    await using client = givenClient(own.url);
    await client.authenticate();
    await given.server.stop();
  });
});
