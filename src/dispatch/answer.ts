import type {Call} from '../context/call';
import {itemsOf} from '../streams/source';
import {isRefusal, toFailure} from '../wire/failures';
import type {SocketError} from '../wire/refusals';
import type {Ack} from './packet';
import type {DispatchSession} from './ports';
import {checkResult} from './result';

/** Names the application's guards in logs. */
export const GUARD = 'socket.use';

/** Answers a call with its method's result, which {@link checkResult} has accepted. */
export function answer(result: unknown, ack: Ack | undefined): void {
  ack?.(result === undefined ? {} : {result});
}

/**
 * Answers a call with an error. The error is logged when it is the server's fault, or when the call was
 * answered before. Refusals are then not logged: a client could fill the log with them.
 */
export function answerFailure(
  session: DispatchSession,
  thrown: unknown,
  handler: string,
  ack?: Ack,
): void {
  const {error, fault} = session.fail(thrown, handler);
  const isAnswered = ack?.({error}) ?? true;
  if (!isAnswered && !fault && !isRefusal(thrown)) session.report(thrown, handler);
}

/**
 * Answers a call whose session ends: with the outcome that its method has called back, or else with the reason.
 */
export function refuseCall(
  session: DispatchSession,
  reason: SocketError,
  call: Call | undefined,
  ack: Ack,
): void {
  const outcome = call?.outcome;
  if (!outcome) {
    ack({error: session.fail(reason, reason.name).error});
    return;
  }
  outcome.answered = true;
  try {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the client receives what was called back
    if (outcome.error) throw outcome.error;
    if (itemsOf(outcome.result)) throw reason;
    checkResult(outcome.result, session, reason.name, true);
    answer(outcome.result, ack);
  } catch (error) {
    // It is logged when the promise of the method rejects.
    ack({error: toFailure(error).error});
  }
}

/** Returns the name of an event's handler in logs. */
export function labelOf({endpoint}: DispatchSession, event: unknown): string {
  const name = String(event);
  return endpoint.handlers.methods.get(name)?.label ?? listenerLabel(name);
}

/** Returns the name of the application's listeners of an event in logs. */
export function listenerLabel(event: string): string {
  return `socket.on('${event}')`;
}
