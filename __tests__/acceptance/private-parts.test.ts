import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Namespace, Server, Socket} from 'socket.io';
import {Adapter} from 'socket.io-adapter';
import {checkSocketIo, PRIVATE_PARTS} from '../../dist/engine/private-parts';
import {givenApp} from '../helpers/app';

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
};

/** Takes a part away while something runs; what is set on instances is not kept. */
async function without(
  prototype: object,
  part: string,
  run: () => Promise<unknown>,
): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(prototype, part);
  Object.defineProperty(prototype, part, {
    configurable: true,
    get: () => undefined,
    set: () => undefined,
  });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(prototype, part);
    if (own) Object.defineProperty(prototype, part, own);
  }
}

describe('a version of socket.io', () => {
  for (const [owner, parts] of Object.entries(PRIVATE_PARTS)) {
    const prototype = PROTOTYPES[owner];
    if (!prototype) continue;
    for (const [part, type] of Object.entries(parts)) {
      // socket.io itself needs its fields, and fails first.
      if (type !== 'function') continue;
      it(`that lacks ${owner}.${part} is refused`, async () => {
        await without(prototype, part, () =>
          assert.rejects(checkSocketIo(), {
            message: new RegExp(`socket\\.io [\\d.]+ has changed ${owner}\\.${part},`),
          }),
        );
      });
    }
  }

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

  it('that is installed has all parts', () => checkSocketIo());
});
