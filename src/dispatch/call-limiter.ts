import {SocketErrors} from '../wire/refusals';
import type {DispatchSession} from './ports';

/**
 * Consumes a point of a session's user, or of its socket.
 *
 * @throws SocketError `TOO_MANY_REQUESTS` when none is left, or the error of a limiter whose store fails.
 */
export async function consumeFor(session: DispatchSession): Promise<void> {
  const {callLimiter} = session.endpoint.options;
  if (!callLimiter) return;
  const {limiter, by = 'user'} = callLimiter;
  const key = by === 'user' ? session.userKey : session.socket.id;
  try {
    await limiter.consume(key);
  } catch (error) {
    // rate-limiter-flexible rejects with an Error when its store fails, and otherwise with an object.
    if (error instanceof Error) throw error;
    const {msBeforeNext} = error as {msBeforeNext?: unknown};
    throw SocketErrors.rateLimited(
      typeof msBeforeNext === 'number' ? Math.ceil(msBeforeNext) : undefined,
    );
  }
}
