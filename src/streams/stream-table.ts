import {MAX_DELAY} from '../common/timers';
import type {ServerOptions} from '../options/server-options';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {ItemBuffer} from './item-buffer';
import type {ByteCount} from './item-buffer';
import type {StreamingCall} from './item-pump';
import type {ReadAck, StreamSession} from './ports';
import type {ReadOptions} from './reads';
import {Stream} from './stream';
import type {StreamOwner} from './stream';

/** Most streams that are kept of a user without a socket, and most of a socket whose end was read. */
const MAX_KEPT_STREAMS = 32;

/** Most streams that are kept of a socket after their end: a client may open many before it reads one. */
const MAX_ENDED_STREAMS = 256;

/** The streams of one socket, and the bytes of their items that wait for its reads. */
interface SocketStreams extends ByteCount {
  readonly all: Set<Stream>;
}

/** The streams of one user that later connections can take over. */
interface UserStreams extends ByteCount {
  readonly all: Set<Stream>;
  /** Those without a socket, in the order in which they lost it. */
  readonly detached: Set<Stream>;
}

/** The streams of one server. */
export class StreamTable implements StreamOwner {
  private readonly streams = new Map<string, Stream>();
  private readonly sockets = new Map<StreamSession, SocketStreams>();
  private readonly users = new Map<string, UserStreams>();

  /** @param options - The server's options as they are now. */
  constructor(private readonly options: () => ServerOptions) {}

  /** Number of streams that somebody can read. */
  get size(): number {
    return this.streams.size;
  }

  /** Returns a refusal when a socket has too many open streams. */
  refusalOf(session: StreamSession): SocketError | undefined {
    const {maxStreams} = this.options();
    if (maxStreams === false) return undefined;
    let open = 0;
    for (const {settled} of this.ofSocket(session)) if (!settled) open++;
    return open < maxStreams ? undefined : SocketErrors.tooManyStreams();
  }

  open(streaming: StreamingCall): Stream {
    const {isResumable, origin} = streaming;
    const user = isResumable ? this.userOf(origin.userKey) : undefined;
    const stream = new Stream(this, streaming, new ItemBuffer(user), this.timeout);
    this.streams.set(stream.id, stream);
    user?.all.add(stream);
    this.place(stream, origin);
    return stream;
  }

  /** Reads a stream of the session, or of an earlier connection of its user. */
  read(
    session: StreamSession,
    id: string,
    options: ReadOptions,
    ack: ReadAck,
  ): SocketError | undefined {
    const stream = this.streams.get(id);
    const refusal = stream ? refusalFor(stream, session) : SocketErrors.streamGone();
    if (refusal || !stream) return refusal;
    const wrong = stream.refusalOf(options, session);
    if (wrong) return wrong;
    const isTaken = stream.session !== session;
    if (isTaken) {
      const tooMany = stream.settled ? undefined : this.refusalOf(session);
      if (tooMany) return tooMany;
      this.take(stream, session);
    }
    stream.read(options, ack, isTaken || options.again);
    return undefined;
  }

  /** Ends a stream for its client. Returns false when the session has no such stream. */
  stop(session: StreamSession, id: string): boolean {
    const stream = this.streams.get(id);
    if (!stream || refusalFor(stream, session)) return false;
    this.end(stream);
    return true;
  }

  /**
   * Called when a socket has left. Its streams end, except those that its user may take over.
   *
   * @param time - For how long the user may do so, in ms.
   */
  leave(session: StreamSession, time: number): void {
    const streams = this.sockets.get(session);
    if (!streams) return;
    this.sockets.delete(session);
    for (const stream of streams.all) {
      // One that ends counts until its iterable has ended, though nobody can read it.
      if (!this.streams.has(stream.id)) continue;
      if (stream.streaming.isResumable && time > 0) this.detach(stream, time);
      else this.end(stream);
    }
  }

  /** Cancels the stream of a call of the session by its `ref`. Returns false when there is no such open stream. */
  cancel(session: StreamSession, ref: string): boolean {
    for (const stream of this.ofSocket(session)) {
      const {origin, ref: name} = stream.streaming;
      if (name === ref && origin === session && stream.cancel()) return true;
    }
    return false;
  }

  /** Cancels a stream for all who read it. Returns false when it has ended. */
  cancelById(id: string): boolean {
    return this.streams.get(id)?.cancel() ?? false;
  }

  /** Ends the streams of a session with an error. */
  refuse(session: StreamSession, error: SocketError): void {
    for (const stream of this.ofSocket(session)) this.end(stream, error);
  }

  /** Ends the streams of a user that have no socket. */
  revoke(userKey: string, error: SocketError): void {
    for (const stream of this.users.get(userKey)?.detached ?? []) this.end(stream, error);
  }

  /** Ends all streams. */
  clear(): void {
    for (const stream of this.streams.values()) this.end(stream);
  }

  ended(stream: Stream): void {
    const {id, session} = stream;
    const streams = session && this.sockets.get(session);
    if (!streams) return;
    if (!this.streams.has(id)) {
      this.remove(stream, session);
      return;
    }
    // The one that has ended first is dropped first.
    streams.all.delete(stream);
    streams.all.add(stream);
    const gone = SocketErrors.streamGone();
    // Until the client stops them, ended streams can be read: reads may be on their way.
    const ended = [...streams.all].filter(({settled}) => settled);
    const read = ended.filter(({isRead}) => isRead);
    for (const one of read.slice(0, -MAX_KEPT_STREAMS)) this.end(one, gone);
    for (const one of ended.slice(0, -MAX_ENDED_STREAMS)) this.end(one, gone);
  }

  drop(stream: Stream): void {
    stream.forget();
    this.streams.delete(stream.id);
    const {session, streaming} = stream;
    const {userKey} = streaming.origin;
    if (session && stream.settled) this.remove(stream, session);
    const user = this.users.get(userKey);
    if (!user?.all.delete(stream)) return;
    user.detached.delete(stream);
    if (user.all.size === 0) this.users.delete(userKey);
  }

  private get timeout(): number | undefined {
    const {streamTimeout} = this.options();
    return streamTimeout === false ? undefined : streamTimeout;
  }

  private end(stream: Stream, error?: SocketError): void {
    stream.stop(error);
    this.drop(stream);
  }

  private place(stream: Stream, session: StreamSession): void {
    const streams = this.sockets.get(session) ?? {all: new Set(), bytes: 0};
    streams.all.add(stream);
    this.sockets.set(session, streams);
    stream.countFor(streams);
  }

  private ofSocket(session: StreamSession): Iterable<Stream> {
    return this.sockets.get(session)?.all ?? [];
  }

  private remove(stream: Stream, session: StreamSession): void {
    const streams = this.sockets.get(session);
    streams?.all.delete(stream);
    if (streams?.all.size === 0) this.sockets.delete(session);
  }

  private take(stream: Stream, session: StreamSession): void {
    const {session: before} = stream;
    if (before) this.remove(stream, before);
    this.users.get(session.userKey)?.detached.delete(stream);
    stream.attach(session, this.timeout);
    this.place(stream, session);
  }

  private detach(stream: Stream, time: number): void {
    const {detached} = this.userOf(stream.streaming.origin.userKey);
    stream.detach(Math.min(time, MAX_DELAY));
    detached.add(stream);
    const [oldest] = detached;
    if (detached.size > MAX_KEPT_STREAMS) this.end(oldest);
  }

  private userOf(userKey: string): UserStreams {
    const known = this.users.get(userKey);
    if (known) return known;
    const user: UserStreams = {all: new Set(), detached: new Set(), bytes: 0};
    this.users.set(userKey, user);
    return user;
  }
}

/** Returns the reason why a session cannot read a stream. */
function refusalFor(stream: Stream, session: StreamSession): SocketError | undefined {
  if (stream.session === session) return undefined;
  const {order, streaming} = stream;
  const {isResumable, origin} = streaming;
  const isOwn =
    origin.userKey === session.userKey && origin.namespace === session.namespace;
  if (!isOwn || !isResumable) return SocketErrors.streamGone();
  return session.order < order ? SocketErrors.streamTaken() : undefined;
}
