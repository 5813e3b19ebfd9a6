import {runGuarded} from '../common/guarded';
import type {Report} from '../common/guarded';
import {printable} from '../common/printable';
import type {FailurePolicy} from '../options/failure-policy';
import {shouldLogRefusal, toFailure} from '../wire/failures';
import type {Failure} from '../wire/failures';
import {isOutage} from '../wire/outages';
import {SocketErrors} from '../wire/refusals';

/** A socket, which logs name by its id. */
interface Identified {
  readonly id: string;
}

/** Logs the errors of one server, and decides which part of an error its client receives. */
export class FailureLog {
  policy?: FailurePolicy;
  isOutage?: ((error: unknown) => boolean) | undefined;

  constructor(private readonly server: string) {}

  /** Returns the body of an error for the client, and logs the error when it is the server's fault. */
  fail(thrown: unknown, handler: string, socket?: Identified): Failure {
    const failure = toFailure(thrown, this.policy?.body);
    if (failure.fault) this.log(thrown, failure.statusCode, handler, socket);
    return failure;
  }

  /**
   * Returns the error that a socket ends with when a handler has thrown: that error, or the error of an
   * outage. Logs an error that the client does not receive.
   */
  refusalFor(
    thrown: unknown,
    handler: string,
    socket: Identified | undefined,
    byStrategy = false,
  ) {
    if (isOutage(thrown, byStrategy) || this.isRecognised(thrown, socket)) {
      const outage = SocketErrors.authenticationUnavailable();
      this.log(thrown, outage.statusCode, handler, socket);
      return outage;
    }
    if (shouldLogRefusal(thrown)) this.report(thrown, handler, socket);
    return thrown;
  }

  /** Logs an error that no client receives. */
  readonly report: Report = (error, source, socket) => {
    this.log(error, toFailure(error).statusCode, source, socket);
  };

  /** Returns true when the application's own function takes the error for an outage. */
  private isRecognised(thrown: unknown, socket: Identified | undefined): boolean {
    let answer: unknown;
    runGuarded(
      () => (answer = this.isOutage?.(thrown)),
      error => this.report(error, 'isOutage', socket),
    );
    return answer === true;
  }

  private log(
    error: unknown,
    statusCode: number,
    handler: string,
    socket: Identified | undefined,
  ): void {
    const source = {
      server: this.server,
      handler: printable(handler),
      ...(socket && {socketId: socket.id}),
    };
    // A log that fails must not change the client's answer.
    runGuarded(
      () => this.policy?.log(error, statusCode, source),
      () => undefined,
    );
  }
}
