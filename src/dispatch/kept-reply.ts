import type {Namespace} from 'socket.io';
import {internalFailure} from '../wire/failures';
import {PacketTypes, parserOf} from '../engine/internals';
import type {DecodedPacket} from '../engine/internals';
import {answerFailure} from './answer';
import type {Ack, Peer} from './answer';

/** An answer as it is kept: encoded, because a method may change later what it was made of. */
export type KeptReply = readonly unknown[];

/** Settles a call that carried an id, the first time it is called, and says whether this was it. */
export type Settle = (reply: unknown[], kept: KeptReply) => boolean;

/** An ack that settles a call, with an internal failure in place of an answer that cannot be encoded. */
export function keepingAck(peer: Peer, label: string, settle: Settle): Ack {
  const {nsp} = peer.socket;
  return (...reply) => {
    let kept: KeptReply;
    try {
      kept = encode(nsp, reply);
    } catch (error) {
      peer.service.fail(error, label, peer.socket);
      const failure = [{error: internalFailure().error}];
      return settle(failure, encode(nsp, failure));
    }
    return settle(reply, kept);
  };
}

/** Answers a repeated call as the first one was answered. */
export function answerAgain(peer: Peer, label: string, kept: KeptReply, ack: Ack): void {
  let reply: unknown[];
  try {
    reply = decode(peer.socket.nsp, kept);
  } catch (error) {
    // A parser of the application's own may not read what it has written.
    answerFailure(peer, error, label, ack);
    return;
  }
  ack(...reply);
}

function encode({name, server}: Namespace, data: unknown[]): KeptReply {
  const packet = {type: PacketTypes.ACK, nsp: name, data};
  return parserOf(server).encoder.encode(packet).map(copyBytes);
}

function decode({server}: Namespace, kept: KeptReply): unknown[] {
  const decoder = new (parserOf(server)._parser.Decoder)();
  const reply: unknown[] = [];
  decoder.on('decoded', ({data}: DecodedPacket) => reply.push(...(data as unknown[])));
  for (const part of kept) decoder.add(part);
  return reply;
}

function copyBytes(part: unknown): unknown {
  if (part instanceof ArrayBuffer) return part.slice(0);
  if (!ArrayBuffer.isView(part)) return part;
  const {buffer, byteLength, byteOffset} = part;
  return Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));
}
