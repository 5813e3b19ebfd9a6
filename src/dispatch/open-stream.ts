import type {Call} from '../context/call';
import {discardItems, ItemSource} from '../streams/source';
import {SocketErrors} from '../wire/refusals';
import {answerFailure} from './answer';
import type {DispatchSession, Outcome} from './ports';

/** Opens a stream of the items that a method has returned, and answers its call. The stream closes the call. */
export function openStream(
  session: DispatchSession,
  call: Call,
  label: string,
  items: AsyncIterable<unknown>,
  ref: string | undefined,
  {ack, localAck, kept}: Outcome,
): void {
  const {streams} = session.endpoint;
  const isAsked = localAck !== undefined && !localAck.hidden;
  try {
    const refusal = isAsked
      ? (session.refusal ?? streams.refusalOf(session))
      : SocketErrors.streamWithoutAck();
    if (refusal) {
      discardStream(session, call, label, items);
      throw refusal;
    }
    const source = ItemSource.of(items);
    const isResumable = kept !== undefined && session.canReturn;
    const {id} = streams.open({origin: session, call, label, source, ref, isResumable});
    ack?.({stream: id});
    // A call with an id can be cancelled as long as it streams. Its answer is kept longer than the stream.
    if (kept) kept.cancel = () => streams.cancelById(id);
    // A call with an id goes on when its socket has left.
    if (session.gone) streams.leave(session, session.returnTime);
  } catch (error) {
    call.close();
    answerFailure(session, error, label, ack);
  }
}

/** Ends items that nobody reads, and their call. */
export function discardStream(
  session: DispatchSession,
  call: Call,
  label: string,
  items: AsyncIterable<unknown>,
): void {
  call.abort(SocketErrors.callCancelled());
  discardItems(items, session, label);
  call.close();
}
