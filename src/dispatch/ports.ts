import type {InFlight} from '../common/in-flight';
import type {Call} from '../context/call';
import type {Caller} from '../context/caller';
import type {HandlerTable} from '../invocation/handler-table';
import type {RetryWindow, ServerOptions} from '../options/server-options';
import type {LostUploads} from '../streams/lost-uploads';
import type {SocketUploads} from '../streams/socket-uploads';
import type {Upload} from '../streams/upload';
import type {StreamSession} from '../streams/ports';
import type {StreamTable} from '../streams/stream-table';
import type {SocketError} from '../wire/refusals';
import type {Ack, Packet} from './packet';

/** An answer, encoded: the method may later change the objects that it was made of. */
export type KeptReply = readonly unknown[];

/** A call with an id. */
export interface KeptCall {
  /** The acks that wait for its answer; `undefined` once it is answered. */
  waiting: Set<Ack> | undefined;
  readonly reply: KeptReply;
  /** Answers all acks that wait, the first time. Returns false when it was answered before. */
  settle(reply: unknown[], kept: KeptReply): boolean;
  /** Cancels the call for all that wait for it, while its method runs or streams. Returns false when it was answered before. */
  cancel?: (() => boolean) | undefined;
  /** The items that its client sends. */
  upload?: Upload | undefined;
}

/** Receives the outcome of a call. */
export interface Outcome {
  /** The ack of its packet, or all acks that wait for a call with an id. */
  readonly ack: Ack | undefined;
  readonly localAck: Ack | undefined;
  readonly kept?: KeptCall;
}

/** Keeps calls with an id, so that a repeated one is answered without running its method again. */
export interface CallStore {
  /**
   * Registers a call, or finds the earlier call with that id.
   *
   * @param user - The user's key.
   * @param id - The call's key among the user's calls.
   * @param ack - Waits for the answer of a new call.
   */
  claim(
    window: RetryWindow,
    user: string,
    id: string,
    ack: Ack | undefined,
  ): {readonly call: KeptCall; readonly isNew: boolean};
  find(user: string, id: string): KeptCall | undefined;
  /** Forgets the calls of a user who cannot come back. */
  forget(user: string): void;
  /**
   * Forgets the calls of a user who has left, unless the user is back in time.
   *
   * @param time - In ms.
   */
  forgetLater(user: string, time: number, isBack: () => boolean): void;
  clear(): void;
}

/** The parts of a server's endpoint that dispatch uses. */
export interface DispatchEndpoint {
  readonly handlers: HandlerTable;
  readonly options: ServerOptions;
  readonly recent: CallStore;
  readonly lostUploads: LostUploads;
  readonly streams: StreamTable;
  /** Set while the server stops and refuses calls. */
  readonly draining: boolean;
  /** Counts the calls that a stop waits for. */
  readonly inFlight: InFlight;
}

/** A call that a session has in flight. */
export interface InFlightCall {
  readonly packet: Packet;
  /** Answers it because its session ends. */
  refuse(thrown: SocketError): void;
  /** Called when its session has ended. */
  leave(): void;
  /** Answers it with `CALL_CANCELLED`, and aborts its method. Returns false when it was answered before. */
  cancel(): boolean;
}

/** Called when all guards have let a packet pass, or with a function that answers it with a guard's error. */
export type GuardsDone = (refuse?: (ack: Ack | undefined) => void) => void;

/** The parts of a session that dispatch uses. */
export interface DispatchSession extends Caller, StreamSession {
  readonly endpoint: DispatchEndpoint;
  readonly credentials: unknown;
  readonly user: unknown;
  readonly authenticated: boolean;
  /** The reason when the server has ended it, such as an expiry or a revocation. */
  readonly refusal: SocketError | undefined;
  /** True when its user can come back on another connection. */
  readonly canReturn: boolean;
  /** ms after its end in which its user can come back; 0 when nobody can. */
  readonly returnTime: number;
  /** Returns true while it is authenticated; ends it when its authentication has expired. */
  checkAuthenticated(): boolean;
  /** Made with the first call in flight. */
  readonly inFlight: Set<InFlightCall>;
  readonly callsInFlight: number;
  /** Made with the first upload. */
  readonly uploads: SocketUploads;
  /** Set while so many bytes wait for the client to read them that its calls have to wait, too. */
  readonly queueFull: boolean;
  /** A call whose method has not returned yet. */
  starting?: Call | undefined;
  /** True when the application has guards, which are functions given to `socket.use`. */
  readonly guarded: boolean;
  /** Runs the application's guards, one after the other. */
  runGuards(packet: Packet, done: GuardsDone): void;
  /** Runs the application's listeners of an event. Returns false when there are none. */
  runListeners(packet: Packet, ack: Ack | undefined): boolean;
  /** @throws Error when it cannot be encoded. */
  encodeReply(reply: unknown[]): KeptReply;
  /** @throws Error when the application's own parser cannot read what it has written. */
  decodeReply(kept: KeptReply): unknown[];
}
