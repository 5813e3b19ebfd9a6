import type {Server as IoServer, Socket} from 'socket.io';
import {clientOf} from './internals';

/** What a decoder tells of. */
export interface DecodedPacket {
  readonly type: number;
  data: object;
}

/** A packet that is to be sent. */
interface OutgoingPacket {
  readonly type: number;
  readonly nsp: string;
  readonly data?: unknown;
}

/** A socket.io server's parser, which makes a decoder for each connection. */
interface ParserInternals {
  /** Encodes all that is sent; adapters and connections keep it. */
  readonly encoder: {
    /** Gives the text and the attachments after it. */
    encode: (packet: OutgoingPacket) => (string | Buffer)[];
  };
  _parser: {
    Decoder: new () => {
      /** Throws at what cannot be read, which closes the connection. */
      add(data: unknown): void;
      on(event: 'decoded', listener: (packet: DecodedPacket) => void): unknown;
      /** Called when socket.io is done with the connection, which may not be closed yet. */
      destroy(): void;
    };
  };
}

/** Types of socket.io's packets. */
export const PacketTypes = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
} as const;

export function parserOf(io: IoServer): ParserInternals {
  return io as unknown as ParserInternals;
}

/**
 * Answers an event, and returns what is sent: by default a text, and what is binary.
 *
 * @throws Error when it cannot be encoded.
 */
export function sendAck(socket: Socket, id: number, data: unknown[]): readonly unknown[] {
  const {client, nsp} = socket;
  const packet = {type: PacketTypes.ACK, nsp: nsp.name, id, data};
  const encoded = parserOf(nsp.server).encoder.encode(packet);
  if (client.conn.readyState === 'open') {
    clientOf(client).writeToEngine(encoded, {compress: true});
  }
  return encoded;
}
