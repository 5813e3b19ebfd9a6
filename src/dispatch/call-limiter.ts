import {SocketErrors} from '../wire/refusals';
import type {Peer} from './answer';

/**
 * Takes a point of a connection's user, or of its socket.
 *
 * @throws SocketError `TOO_MANY_REQUESTS` when there is none left; what the limiter throws when it
 * cannot tell.
 */
export async function consumeFor(peer: Peer): Promise<void> {
  const {callLimiter} = peer.service.options;
  if (!callLimiter) return;
  const {limiter, by = 'user'} = callLimiter;
  const key = by === 'user' ? peer.userKey : peer.socket.id;
  try {
    await limiter.consume(key);
  } catch (error) {
    // rate-limiter-flexible rejects with an Error where its store fails, and else with what is left.
    if (error instanceof Error) throw error;
    const {msBeforeNext} = error as {msBeforeNext?: unknown};
    throw SocketErrors.rateLimited(
      typeof msBeforeNext === 'number' ? Math.ceil(msBeforeNext) : undefined,
    );
  }
}
