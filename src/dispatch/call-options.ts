import {isRecord} from '../common/objects';
import {MAX_DELAY} from '../common/timers';
import type {Handler} from '../invocation/handler';
import {MAX_ITEM_ID_LENGTH} from '../wire/items';
import {MAX_CALL_ID_LENGTH, MAX_CALL_REF_LENGTH} from '../wire/protocol';
import type {CallOptions} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {countArguments} from './packet';
import type {Packet} from './packet';

/** Checks that a packet has at most `args` and well-formed call options, which its method accepts. */
export function checkCallOptions(packet: Packet, handler: Handler): Error | undefined {
  const count = countArguments(packet);
  if (count < 2) return undefined;
  if (count > 2) return SocketErrors.tooManyArguments();
  const options = packet[2];
  const wellFormed =
    isRecord(options) && Object.keys(options).length === 1 && isRecord(options.$call);
  if (!wellFormed) return SocketErrors.badCallOptions();
  const {
    id = '',
    ref = '',
    timeout = 1,
    after,
    upload = false,
  } = options.$call as Record<string, unknown>;
  if (!isText(id, MAX_CALL_ID_LENGTH)) return SocketErrors.badCallId();
  if (!isText(ref, MAX_CALL_REF_LENGTH)) return SocketErrors.badCallRef();
  if (!isTimeout(timeout)) return SocketErrors.badCallTimeout();
  if (after !== undefined) {
    if (!isText(after, MAX_ITEM_ID_LENGTH)) return SocketErrors.badAfter();
    if (!handler.accepts('after')) return SocketErrors.cannotStartAfter();
  }
  if (upload === false) return undefined;
  if (upload !== true || ref === '') return SocketErrors.badUpload();
  return handler.accepts('upload') ? undefined : SocketErrors.cannotUpload();
}

/** Returns a packet's call options, unchecked. */
export function callOptionsOf(packet: Packet): CallOptions | undefined {
  if (countArguments(packet) < 2) return undefined;
  const options = packet[2];
  return isRecord(options) && isRecord(options.$call) ? options.$call : undefined;
}

/**
 * Returns the shorter one of the server's and the client's time limits, in ms; `undefined` for no limit.
 *
 * @param limit - The server's.
 */
export function timeoutOf(packet: Packet, limit: number | false): number | undefined {
  const asked: unknown = callOptionsOf(packet)?.timeout;
  const wanted = isTimeout(asked) ? asked : Infinity;
  const shorter = Math.min(wanted, limit === false ? Infinity : limit);
  return shorter > MAX_DELAY ? undefined : shorter;
}

function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length <= most;
}
