import {AskError} from '../wire/ask-error';
import {ErrorCodes} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {Asked} from './options';
import type {AskingEndpoint, Outcome, Target} from './ports';
import {Round} from './round';
import type {RoundListener} from './round';

/** Errors after which the other sockets of a user may still answer. */
const DROPPED: readonly unknown[] = [ErrorCodes.BAD_ANSWER, ErrorCodes.CLIENT_GONE];

/** The asks of one server. */
export class Asks {
  private readonly rounds = new Set<Round>();

  constructor(private readonly endpoint: AskingEndpoint) {}

  /** Returns the first answer. Rejects with the answered error, or with the reason why there is no answer. */
  first(asked: Asked, targets: readonly Target[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let reason = AskError.of(SocketErrors.nobodyThere());
      const round = this.make(asked, targets, {
        settled: ({result, error}) => {
          if (error && isDropped(error)) {
            reason = error;
            return;
          }
          round.end();
          if (error) reject(error);
          else resolve(result);
        },
        exhausted: () => reject(reason),
        timedOut: reject,
        failed: reject,
      });
      round.start();
    });
  }

  /** Asks when the iteration begins, and returns each answer as it comes. */
  async *all(asked: Asked, targets: () => readonly Target[]): AsyncGenerator<Outcome> {
    const waiting: Outcome[] = [];
    const state = {isOver: false, hasFailed: false, reason: undefined as unknown};
    let wake = () => {};
    const finish = () => {
      state.isOver = true;
      wake();
    };
    const round = this.make(asked, targets(), {
      settled: outcome => {
        waiting.push(outcome);
        wake();
      },
      exhausted: finish,
      timedOut: (error, silent) => {
        waiting.push(...silent.map(socket => ({socket, error})));
        finish();
      },
      failed: reason => {
        Object.assign(state, {hasFailed: true, reason});
        finish();
      },
    });
    try {
      round.start();
      for (;;) {
        for (let next = waiting.shift(); next; next = waiting.shift()) yield next;
        if (state.hasFailed) throw state.reason;
        if (state.isOver) return;
        await new Promise<void>(resolve => (wake = resolve));
      }
    } finally {
      round.end();
    }
  }

  /** Ends all asks, because the server stops. */
  refuse(): void {
    const error = AskError.of(SocketErrors.shuttingDown());
    for (const round of [...this.rounds]) round.fail(error);
  }

  /** @throws AskError when the server is stopping; the signal's reason when it is aborted already. */
  private make(asked: Asked, targets: readonly Target[], listener: RoundListener): Round {
    asked.signal?.throwIfAborted();
    if (this.endpoint.draining) throw AskError.of(SocketErrors.shuttingDown());
    const {rounds} = this;
    const round = new Round(asked, targets, this.endpoint, listener, () =>
      rounds.delete(round),
    );
    rounds.add(round);
    return round;
  }
}

/** A client library may answer 404 for an event that it does not know. */
function isDropped({statusCode, code}: AskError): boolean {
  return statusCode === 404 || DROPPED.includes(code);
}
