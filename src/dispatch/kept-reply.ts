import {internalFailure} from '../wire/failures';
import {answerFailure} from './answer';
import type {Ack} from './packet';
import type {DispatchSession, KeptCall} from './ports';

/** Returns an ack that settles a call with an id. An answer that cannot be encoded becomes an internal failure. */
export function keepingAck(session: DispatchSession, label: string, call: KeptCall): Ack {
  return (...reply) => {
    let kept;
    try {
      kept = session.encodeReply(reply);
    } catch (error) {
      session.fail(error, label);
      const failure = [{error: internalFailure().error}];
      return call.settle(failure, session.encodeReply(failure));
    }
    return call.settle(reply, kept);
  };
}

/** Answers a repeated call as the first one was answered. */
export function answerAgain(
  session: DispatchSession,
  label: string,
  {reply}: KeptCall,
  ack: Ack,
): void {
  let values: unknown[];
  try {
    values = session.decodeReply(reply);
  } catch (error) {
    answerFailure(session, error, label, ack);
    return;
  }
  ack(...values);
}
