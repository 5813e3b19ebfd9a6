import type {Server as IoServer, Socket} from 'socket.io';
import {clientOf} from './internals';

/** A packet that a decoder emits. */
export interface DecodedPacket {
  readonly type: number;
  data: object;
}

/** A packet to send. */
interface OutgoingPacket {
  readonly type: number;
  readonly nsp: string;
  readonly id?: number;
  readonly data?: unknown;
}

/** The parser of a socket.io server, which makes a decoder for each connection. */
interface ParserInternals {
  /** Encodes all packets; adapters and connections keep a reference to it. */
  readonly encoder: {
    /** Returns the text, and after it the attachments. */
    encode: (packet: OutgoingPacket) => (string | Buffer)[];
  };
  _parser: {
    Decoder: new () => {
      /** Throws at input that it cannot read; socket.io then closes the connection. */
      add(data: unknown): void;
      on(event: 'decoded', listener: (packet: DecodedPacket) => void): unknown;
      /** Called when socket.io no longer uses the connection, which may still be open. */
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
 * Answers an event, and returns the encoded answer: by default a text and its binary data.
 *
 * @throws Error when it cannot be encoded.
 */
export function sendAck(socket: Socket, id: number, data: unknown[]): readonly unknown[] {
  const {nsp} = socket;
  const packet = {type: PacketTypes.ACK, nsp: nsp.name, id, data};
  const encoded = parserOf(nsp.server).encoder.encode(packet);
  writeEncoded(socket, encoded);
  return encoded;
}

/** Sends an encoded packet. */
export function writeEncoded({client}: Socket, encoded: readonly unknown[]): void {
  if (client.conn.readyState === 'open') {
    clientOf(client).writeToEngine(encoded, {compress: true});
  }
}
