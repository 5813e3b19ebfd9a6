import {Call} from '../context/call';
import type {AuthenticatedSession} from './ports';

/**
 * Runs the connected handlers, one after the other, until the socket is gone.
 *
 * @throws The error to refuse the socket with, after the first handler that fails: see
 * {@link FailureLog.refusalFor}.
 */
export async function runConnected(session: AuthenticatedSession): Promise<void> {
  const {endpoint, socket} = session;
  for (const handler of endpoint.handlers.connected) {
    if (session.gone) return;
    const {credentials, user} = session;
    const values = [socket, credentials];
    const event = 'connection';
    const call = new Call(session, {event, credentials, user, values, keepsSignal: true});
    try {
      await handler.invoke(call);
    } catch (error) {
      throw endpoint.failures.refusalFor(error, handler.label, socket);
    } finally {
      call.close();
    }
  }
}

/** Runs the disconnected handlers, one after the other. Their errors are logged. */
export async function runDisconnected(
  session: AuthenticatedSession,
  reason: string,
): Promise<void> {
  const {credentials, endpoint, socket, user} = session;
  for (const handler of endpoint.handlers.disconnected) {
    const values = [socket, reason];
    const call = new Call(session, {event: 'disconnect', credentials, user, values});
    try {
      await handler.invoke(call);
    } catch (error) {
      session.report(error, handler.label);
    } finally {
      call.close();
    }
  }
}
