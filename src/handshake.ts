import type {Server as IoServer, Socket} from 'socket.io';
import {checkPayload, isDeeper, isPlain, noteLong} from './payload';
import {PacketTypes, parserOf} from './socket-io-internals';

/** Most levels of JSON that are parsed: each costs time before it can be refused. */
const MAX_PARSED_DEPTH = 10_000;

/** What a packet's JSON comes after, where a namespace is named: its name may hold quotes and brackets. */
const NAMESPACE = /^(?:[56][^-]*-|\d)\/[^,]*/;

/** Why a handshake's payload was refused, by what stands in its place. */
const refusals = new WeakMap<object, Error>();

/**
 * Checks what clients say when they join a namespace, before anything reads it: namespace functions,
 * middleware and adapters would otherwise walk it, however deep it is.
 */
export function guardHandshakes(io: IoServer): void {
  const parser = parserOf(io);
  const {Decoder} = parser._parser;
  parser._parser = {
    ...parser._parser,
    Decoder: class extends Decoder {
      private long = false;
      /** Whether the text at hand shows that there is nothing to be refused. */
      private plain = false;

      constructor() {
        super();
        this.on('decoded', packet => {
          if (this.long && packet.type === PacketTypes.EVENT) {
            noteLong(packet.data, this.plain);
          }
          if (packet.type !== PacketTypes.CONNECT) return;
          const refusal = checkPayload(packet.data);
          if (!refusal) return;
          packet.data = {};
          refusals.set(packet.data, refusal);
        });
      }

      override add(data: unknown): void {
        this.long = typeof data === 'string' && data.length > MAX_PARSED_DEPTH;
        if (this.long) {
          const json = (data as string).replace(NAMESPACE, '');
          this.plain = isPlain(json);
          if (!this.plain && isDeeper(json, MAX_PARSED_DEPTH)) {
            throw new Error(`More than ${MAX_PARSED_DEPTH} levels.`);
          }
        }
        super.add(data);
      }
    },
  };
}

/** Why what a client said when it joined a namespace was refused, if so. */
export function handshakeRefusal({handshake: {auth}}: Socket): Error | undefined {
  return refusals.get(auth);
}

/**
 * The credentials in a socket's handshake, if there are any. A recovering client adds `pid` and
 * `offset`, which are none.
 */
export function handshakeCredentials(
  socket: Socket,
): Record<string, unknown> | undefined {
  const auth = {...socket.handshake.auth};
  if (socket.nsp.server._opts.connectionStateRecovery) {
    delete auth.pid;
    delete auth.offset;
  }
  return Object.keys(auth).length > 0 ? auth : undefined;
}
