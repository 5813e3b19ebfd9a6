import {randomInt} from 'node:crypto';
import type {Namespace, Socket} from 'socket.io';
import {internalsOf, namespaceInternalsOf} from './internals';
import {PacketTypes, parserOf, writeEncoded} from './packets';

/** The first ack id of a namespace is below this. Clients in some languages read ids of 31 bits. */
const FIRST_ID_LIMIT = 2 ** 30;

const started = new WeakSet<Namespace>();

/**
 * Starts the ack ids of a namespace at a random number: an answer to an earlier process must not answer another
 * event of this one.
 */
export function startAckIds(namespace: Namespace): void {
  if (started.has(namespace)) return;
  started.add(namespace);
  namespaceInternalsOf(namespace)._ids += randomInt(FIRST_ID_LIMIT);
}

/** An event that sockets of one namespace answer by the same ack id. It is encoded once. */
export class Question {
  private readonly packet: {readonly id: number; readonly data: readonly unknown[]};
  private readonly encoded: readonly unknown[];

  /** @throws Error when the event cannot be encoded, or has more binary attachments than clients decode. */
  constructor(namespace: Namespace, data: unknown[]) {
    const {name: nsp, server} = namespace;
    const id = namespaceInternalsOf(namespace)._ids++;
    const packet = {type: PacketTypes.EVENT, nsp, id, data};
    this.packet = packet;
    this.encoded = parserOf(server).encoder.encode(packet);
    if (this.encoded.length === 0)
      throw new Error('The args of the ask cannot be sent. See the log.');
  }

  send(socket: Socket, ack: (...values: unknown[]) => void): void {
    const {acks} = internalsOf(socket);
    acks.set(this.packet.id, ack);
    internalsOf(socket).notifyOutgoingListeners(this.packet);
    // A listener may have ended the socket.
    if (acks.has(this.packet.id)) writeEncoded(socket, this.encoded);
  }

  /** Deletes the ack of a socket that has not answered. */
  forget(socket: Socket): void {
    internalsOf(socket).acks.delete(this.packet.id);
  }
}

/** Sends the same event to sockets of one namespace, without an ack. */
export function emitToEach(
  namespace: Namespace,
  sockets: Iterable<Socket>,
  data: unknown[],
): void {
  const packet = {type: PacketTypes.EVENT, nsp: namespace.name, data};
  const encoded = parserOf(namespace.server).encoder.encode(packet);
  for (const socket of sockets) {
    internalsOf(socket).notifyOutgoingListeners(packet);
    writeEncoded(socket, encoded);
  }
}
