import type {Socket} from 'socket.io-client';
import {MAX_ATTACHMENTS, SocketEvents} from '../../src/wire/protocol';
import type {ErrorBody, Reply} from '../../src/wire/protocol';
import {weigh} from './weigh';

/** The second parameter of a question's handler. */
export interface AnswerContext {
  /** Aborted when the answer is no longer wanted: another client has answered, or the connection is lost. */
  signal: AbortSignal;
}

type Handler = (args: unknown, context: AnswerContext) => unknown;

type Ack = (reply: Reply<unknown, Partial<ErrorBody>>) => void;

/** Answers the server's questions of that name. Returns a function that ends it. */
export function answerWith(socket: Socket, name: string, handler: Handler): () => void {
  const listener = (...packet: unknown[]) => {
    const ack = packet.pop();
    // Else it is an ordinary event.
    if (typeof ack === 'function') void answer(socket, packet, handler, ack as Ack);
  };
  socket.on(name, listener);
  return () => void socket.off(name, listener);
}

/** Answers questions for which the application has no handler, so that the server does not wait. */
export function refuseUnknown(socket: Socket): void {
  socket.onAny((name: string, ...packet: unknown[]) => {
    const ack = packet.at(-1);
    if (typeof ack !== 'function' || socket.hasListeners(name)) return;
    const error: Partial<ErrorBody> = {
      statusCode: 404,
      code: 'METHOD_NOT_FOUND',
      message: 'The client has no answer to this.',
    };
    (ack as Ack)({error});
  });
}

async function answer(
  socket: Socket,
  [args, envelope]: unknown[],
  handler: Handler,
  ack: Ack,
): Promise<void> {
  const abort = new AbortController();
  const {signal} = abort;
  const asked = (envelope as {$call?: {id?: unknown}} | undefined)?.$call?.id;
  const onCancel = ({id}: {id?: unknown}) => {
    if (id !== undefined && id === asked) abort.abort();
  };
  const onDisconnect = () => abort.abort();
  socket.on(SocketEvents.CANCEL, onCancel).on('disconnect', onDisconnect);
  let reply: Reply<unknown, Partial<ErrorBody>>;
  try {
    const result = await handler(args, {signal});
    // socket.io would throw, or the server would end the connection.
    if (weigh(result).attachments > MAX_ATTACHMENTS)
      throw new Error(`An answer carries at most ${MAX_ATTACHMENTS} binary values.`);
    reply = {result};
  } catch (error) {
    reply = {error: bodyOf(error)};
  }
  socket.off(SocketEvents.CANCEL, onCancel).off('disconnect', onDisconnect);
  // An ack of an earlier connection would answer another question.
  if (!signal.aborted) ack(reply);
}

/** Only what is the server's mistake is for its eyes. */
function bodyOf(thrown: unknown): Partial<ErrorBody> {
  const {statusCode, code, message} = Object(thrown) as Partial<ErrorBody>;
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return {statusCode, code, message};
  // Else nobody would see it.
  console.error(thrown);
  return {statusCode: 500, message: 'The client has failed to answer.'};
}
