import type {Server as IoServer, Socket} from 'socket.io';
import {checkHandshake} from './handshake';
import {isDeeper, isPlain, noteLong} from './payload';
import {PacketTypes, parserOf} from './socket-io-internals';
import type {DecodedPacket} from './socket-io-internals';

/** Most levels of JSON that are parsed: each costs time before it can be refused. */
const MAX_PARSED_DEPTH = 10_000;

/** What a packet's JSON comes after, where a namespace is named: its name may hold quotes and brackets. */
const NAMESPACE = /^(?:[56][^-]*-|\d)\/[^,]*/;

/** What is known of the text that a decoder reads; a plain one is long, and shows nothing to be refused. */
type Text = 'short' | 'long' | 'plain';

/**
 * Checks what clients send before anything reads it, however deep it is: namespace functions, middleware
 * and adapters would otherwise walk it.
 *
 * @param closed - Told of each connection of the server's that is closed, once its sockets are gone.
 * socket.io makes a decoder for each connection and ends it with that; one more listener on each
 * connection would take more than the rest of what is known of it.
 */
export function guardDecoders(
  io: IoServer,
  closed: (connection: Socket['conn']) => void,
): void {
  const parser = parserOf(io);
  const {Decoder} = parser._parser;
  let opening: Socket['conn'] | undefined;
  io.engine.prependListener('connection', (connection: Socket['conn']) => {
    opening = connection;
  });
  io.engine.on('connection', () => (opening = undefined));
  parser._parser = {
    ...parser._parser,
    Decoder: class extends Decoder {
      text: Text = 'short';
      private readonly connection = opening;

      constructor() {
        super();
        this.on('decoded', checkDecoded);
      }

      override add(data: unknown): void {
        this.text = 'short';
        if (typeof data === 'string' && data.length > MAX_PARSED_DEPTH) {
          const json = data.replace(NAMESPACE, '');
          this.text = isPlain(json) ? 'plain' : 'long';
          if (this.text === 'long' && isDeeper(json, MAX_PARSED_DEPTH)) {
            throw new Error(`More than ${MAX_PARSED_DEPTH} levels.`);
          }
        }
        super.add(data);
      }

      override destroy(): void {
        super.destroy();
        if (this.connection) closed(this.connection);
      }
    },
  };
}

/** A listener that all decoders share. */
function checkDecoded(this: {readonly text: Text}, packet: DecodedPacket): void {
  if (packet.type === PacketTypes.CONNECT) checkHandshake(packet);
  else if (this.text !== 'short' && packet.type === PacketTypes.EVENT) {
    noteLong(packet.data, this.text === 'plain');
  }
}
