import type {Server as IoServer} from 'socket.io';
import type {Report} from '../common/guarded';
import {MAX_ATTACHMENTS} from '../wire/protocol';
import {PacketTypes, parserOf} from './packets';

/** Says where the server reports its faults; `undefined` for a namespace of the application's own. */
type ReportOf = (namespace: string) => Report | undefined;

const limited = new WeakSet();

/**
 * Sends no packet that a client cannot decode: its parser would close the whole connection. An answer
 * throws, as one that cannot be encoded does. An event is reported and becomes nothing that is sent, on
 * every way to the encoder: the emit of a socket, a broadcast, and a broadcast of another node.
 */
export function limitAttachments(io: IoServer, reportOf: ReportOf): void {
  const {encoder} = parserOf(io);
  // A parser of the application's own has a limit of its own.
  if (io._opts.parser !== undefined || limited.has(encoder)) return;
  limited.add(encoder);
  const encode = encoder.encode.bind(encoder);
  encoder.encode = packet => {
    const encoded = encode(packet);
    if (encoded.length === 1) return encoded;
    const report = reportOf(packet.nsp);
    const fault = report && faultOf(encoded.slice(1));
    if (fault === undefined) return encoded;
    const {data, type} = packet;
    if (type === PacketTypes.ACK) throw new Error(`The answer has ${fault}.`);
    const event = JSON.stringify((data as unknown[])[0]);
    report?.(new Error(`The event ${event} was not sent: it has ${fault}.`), 'emit');
    return [];
  };
}

/** Says what a client could not decode, if anything. */
function faultOf(attachments: readonly unknown[]): string | undefined {
  if (attachments.some(one => one instanceof Blob))
    return 'a Blob or File. Send a Buffer of its bytes';
  const {length} = attachments;
  if (length <= MAX_ATTACHMENTS) return undefined;
  return `${length} binary attachments. Clients decode at most ${MAX_ATTACHMENTS}`;
}
