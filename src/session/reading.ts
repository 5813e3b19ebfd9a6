import {isRecord} from '../common/objects';
import {delayOf} from '../common/timers';
import {answer, answerFailure} from '../dispatch/answer';
import {countArguments} from '../dispatch/packet';
import type {Ack, Packet} from '../dispatch/packet';
import type {ReadAck} from '../streams/ports';
import type {ReadOptions} from '../streams/reads';
import {DEFAULT_READ_ITEMS, MAX_READ_ITEMS} from '../wire/items';
import {SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketCaller} from './socket-caller';

/** Reads a stream for a client. A read without an ack is ignored. */
export function readStream(session: SocketCaller, packet: Packet, ack?: ReadAck): void {
  if (!ack) return;
  const body = bodyOf(packet);
  const {stream} = body;
  const options = readOptionsOf(body);
  const refusal =
    typeof stream === 'string' && options
      ? session.endpoint.streams.read(session, stream, options, ack)
      : SocketErrors.badRead();
  if (refusal) answerFailure(session, refusal, SocketEvents.NEXT, ack);
}

/** Ends a stream for a client, before the reads that wait. */
export function stopStream(session: SocketCaller, packet: Packet, ack?: Ack): void {
  const {stream} = bodyOf(packet);
  if (typeof stream === 'string') {
    answer(session.endpoint.streams.stop(session, stream), ack);
  } else {
    answerFailure(session, SocketErrors.badStop(), SocketEvents.STOP, ack);
  }
}

function bodyOf(packet: Packet): Record<string, unknown> {
  const body = countArguments(packet) === 1 ? packet[1] : undefined;
  return isRecord(body) ? body : {};
}

/** Returns the options of a read; `undefined` when one of them is wrong. */
function readOptionsOf({
  got,
  max = DEFAULT_READ_ITEMS,
  wait,
  again = false,
}: Record<string, unknown>): ReadOptions | undefined {
  const isRead =
    isCount(got, 0) &&
    isCount(max, 1) &&
    (wait === undefined || (typeof wait === 'number' && wait >= 0)) &&
    typeof again === 'boolean';
  if (!isRead) return undefined;
  return {
    got,
    max: Math.min(max, MAX_READ_ITEMS),
    wait: wait === undefined ? undefined : delayOf(wait),
    again,
  };
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
