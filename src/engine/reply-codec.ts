import type {Namespace} from 'socket.io';
import {PacketTypes, parserOf} from './packets';
import type {DecodedPacket} from './packets';

/**
 * Encodes an answer as socket.io's parser does.
 *
 * @throws Error when it cannot be encoded.
 */
export function encodeReply({name, server}: Namespace, data: unknown[]): unknown[] {
  const packet = {type: PacketTypes.ACK, nsp: name, data};
  return parserOf(server).encoder.encode(packet).map(copyBytes);
}

/** @throws Error when the application's own parser cannot read what it has written. */
export function decodeReply({server}: Namespace, encoded: readonly unknown[]): unknown[] {
  const decoder = new (parserOf(server)._parser.Decoder)();
  const reply: unknown[] = [];
  decoder.on('decoded', ({data}: DecodedPacket) => reply.push(...(data as unknown[])));
  for (const part of encoded) decoder.add(part);
  return reply;
}

/** Copies binary data, which the application may change. */
function copyBytes(part: unknown): unknown {
  if (part instanceof ArrayBuffer) return part.slice(0);
  if (!ArrayBuffer.isView(part)) return part;
  const {buffer, byteLength, byteOffset} = part;
  return Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));
}
