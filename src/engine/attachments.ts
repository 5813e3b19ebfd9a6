import type {Server as IoServer} from 'socket.io';
import type {Report} from '../common/guarded';
import {MAX_ATTACHMENTS} from '../wire/protocol';
import {PacketTypes, parserOf} from './packets';

/** Returns where the server reports its faults; `undefined` for a namespace of the application. */
type ReportOf = (namespace: string) => Report | undefined;

const limited = new WeakSet();

/**
 * Refuses a packet that clients cannot decode, because their parser would close the whole connection. An
 * answer throws, like one that cannot be encoded. An event is reported and not sent, however it comes to the
 * encoder: by a socket's `emit`, a broadcast, or a broadcast of another node.
 */
export function limitAttachments(io: IoServer, reportOf: ReportOf): void {
  const {encoder} = parserOf(io);
  // A parser of the application has its own limit.
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

/** Returns a description of what a client could not decode, if there is any. */
function faultOf(attachments: readonly unknown[]): string | undefined {
  if (attachments.some(one => one instanceof Blob))
    return 'a Blob or File. Send a Buffer of its bytes';
  const {length} = attachments;
  if (length <= MAX_ATTACHMENTS) return undefined;
  return `${length} binary attachments. Clients decode at most ${MAX_ATTACHMENTS}`;
}
