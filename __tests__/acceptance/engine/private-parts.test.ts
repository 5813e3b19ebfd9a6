import {Server as Engine, transports} from 'engine.io';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Namespace, Server, Socket} from 'socket.io';
import {Adapter} from 'socket.io-adapter';
import {PRIVATE_PARTS} from '../../../dist/engine/private-parts';
import {checkSocketIo} from '../../../dist/engine/version-check';
import {givenApp} from '../../helpers/app';
import {isRefused, renamed, replaced, without} from '../../helpers/private-parts';

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

for (const [packageName, owners] of Object.entries(PRIVATE_PARTS)) {
  describe(`a version of ${packageName}`, {timeout: 60_000}, () => {
    for (const [owner, parts] of Object.entries<Record<string, string>>(owners)) {
      const [name] = owner.split(' ');
      const prototype = packageName.startsWith('socket.io')
        ? PROTOTYPES[name]
        : undefined;
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
}

describe('a version of Engine.IO or ws', {timeout: 20_000}, () => {
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

  it('that is installed has all parts, as a check finds that leaves nothing open', async () => {
    await checkSocketIo();
    const resources = process.getActiveResourcesInfo().sort();
    await checkSocketIo();
    assert.deepEqual(process.getActiveResourcesInfo().sort(), resources);
  });
});
