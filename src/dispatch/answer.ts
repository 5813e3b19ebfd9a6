import type {Socket} from 'socket.io';
import {isRefusal, toFailure} from '../wire/failures';
import type {Failure} from '../wire/failures';
import type {SocketError} from '../wire/refusals';
import type {CallLimiter} from '../options/configuration';
import type {Call} from '../context/call';
import type {Caller} from '../context/caller';
import type {CallsInFlight} from './calls-in-flight';
import type {HandlerTable} from '../invocation/handler-table';
import type {RecentCalls, RetryWindow} from './recent-calls';
import {checkResult} from './result';

/** An event: its name, its arguments, and the ack if one was asked for and the application may see it. */
export type Packet = unknown[];

/** Answers a packet the first time it is called, and says whether this was it. Never throws. */
export interface Ack {
  (...values: unknown[]): boolean;
  /** Set for one that the client has not asked for; the application does not see it. */
  hidden?: true;
}

/** What a packet needs of the server that it was sent to. */
export interface Service {
  readonly handlers: HandlerTable;
  readonly options: {
    readonly callTimeout: number | false;
    readonly maxCallsInFlight: number | false;
    readonly emitFailed: boolean;
    readonly callLimiter?: CallLimiter;
    readonly retryWindow: RetryWindow | false;
  };
  /** Answers calls that are repeated. */
  readonly recent: RecentCalls;
  /** Whether calls are refused because the server is stopping. */
  readonly draining: boolean;
  /** Counts a call in flight, which a stop waits for. */
  begin(): void;
  finish(): void;
  /** Says what a client may see of a failure, and logs it when it is the server's own fault. */
  fail(thrown: unknown, handler: string, socket: Socket): Failure;
}

/** What a packet needs of the connection that it came on. */
export interface Peer extends Caller {
  readonly service: Service;
  readonly credentials: unknown;
  readonly user: unknown;
  /** Tells the connection's user from others', on whichever connection. */
  readonly userKey: string;
  readonly authenticated: boolean;
  /** Says whether it still is, and ends it first if its time is over. */
  stillAuthenticated(): boolean;
  /** Its calls in flight; made when there is one. */
  readonly running: CallsInFlight;
  readonly callsInFlight: number;
  /** Whether so much waits for its client to read that its calls have to wait. */
  readonly queueFull: boolean;
  /** Resolves when its client has read some of it. */
  whenHandedOn(): Promise<void>;
  /** A call whose method has not returned yet, and so is not in flight. */
  starting?: Call | undefined;
}

/** Answers a call with what its method has given. */
export function answer(result: unknown, ack?: Ack): void {
  ack?.(result === undefined ? {} : {result});
}

/**
 * Answers a call with what was thrown, and logs it if it is the server's own fault, or comes too late to
 * be told: but for refusals, which would let a client fill the log where a listener has answered before.
 */
export function answerFailure(
  peer: Peer,
  thrown: unknown,
  handler: string,
  ack?: Ack,
): void {
  const {error, fault} = peer.service.fail(thrown, handler, peer.socket);
  const told = ack?.({error}) ?? true;
  if (!told && !fault && !isRefusal(thrown)) peer.report(thrown, handler);
}

/**
 * Answers a call whose connection ends before it is answered: with what its method has called back by then,
 * or else with why.
 */
export function refuseCall(
  peer: Peer,
  thrown: SocketError,
  call: Call | undefined,
  ack: Ack,
): void {
  const outcome = call?.outcome;
  if (!outcome) {
    ack({error: peer.service.fail(thrown, thrown.name, peer.socket).error});
    return;
  }
  outcome.told = true;
  try {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the client is told what was called back
    if (outcome.error) throw outcome.error;
    checkResult(outcome.result, peer, thrown.name, true);
    answer(outcome.result, ack);
  } catch (error) {
    // It is logged when the promise of the method rejects.
    ack({error: toFailure(error).error});
  }
}
