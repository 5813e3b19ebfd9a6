import type {Namespace, Socket} from 'socket.io';
import {guardAdapter} from './adapter-guard';
import {ownerOf} from './guards';
import {internalsOf} from '../engine/internals';
import {PacketTypes} from '../engine/packets';
import {Sessions} from './recovery-sessions';
import {isUserRoom, withoutUserRooms} from './user-rooms';

type Adapter = Namespace['adapter'];
type Session = Awaited<ReturnType<Adapter['restoreSession']>>;

/** The state of a socket that is kept out: it takes effect when the socket is admitted. */
interface Held {
  readonly rooms: Set<string>;
  /** Packets that a recovered connection missed. */
  readonly missed: unknown[][];
  /** True when the socket recovers a session. That session must survive a refusal. */
  readonly recovered: boolean;
}

const admissions = new WeakMap<Namespace, Admission>();

/**
 * Keeps the sockets of a namespace out of all rooms, and so of all broadcasts, until they are admitted; their
 * earlier rooms open then. It replaces methods of the namespace's adapter, because an adapter knows a socket
 * only by its rooms. It is not an adapter class given to socket.io: a server given to `start` has its
 * adapters already.
 */
export class Admission {
  private readonly held = new Map<string, Held>();
  /** True while rooms are opened. Only then a socket may join a user's room. */
  private opening = false;
  /** The socket whose own `emit` runs: the packet must reach it although it is in no room. */
  private emitting?: Socket;
  private readonly guarded = new WeakSet<Adapter>();
  /** Sockets with a replaced `emit`. */
  private readonly passing = new WeakSet<Socket>();
  readonly sessions: Sessions;

  static of(namespace: Namespace): Admission {
    let admission = admissions.get(namespace);
    if (!admission) {
      admission = new Admission(namespace);
      admissions.set(namespace, admission);
    }
    return admission;
  }

  private constructor(private readonly namespace: Namespace) {
    this.sessions = new Sessions(namespace);
    let {adapter} = namespace;
    this.guard(adapter);
    // `io.adapter(…)` replaces the adapters of existing namespaces.
    Object.defineProperty(namespace, 'adapter', {
      configurable: true,
      enumerable: true,
      get: () => adapter,
      set: (next: Adapter) => {
        this.guard(next);
        adapter = next;
      },
    });
  }

  /** Keeps a connected socket out of the rooms that it is already in. */
  hold(socket: Socket): void {
    if (this.held.has(socket.id)) return;
    const rooms = withoutUserRooms(new Set(socket.rooms));
    socket.nsp.adapter.delAll(socket.id);
    this.keep(socket.id, {rooms, missed: [], recovered: false});
  }

  /**
   * Opens the rooms of a socket, its user's room and broadcasts. The rooms and packets of a recovered
   * connection belong to its earlier user: another user gets none of them. From now on the socket's owner
   * reports it as admitted.
   */
  admit(socket: Socket, userRoom: string | undefined): void {
    const held = this.held.get(socket.id);
    if (!held) return;
    this.held.delete(socket.id);
    let {rooms, missed} = held;
    if (held.recovered && !isOf(userRoom, rooms)) {
      rooms = new Set([socket.id]);
      missed = [];
      socket.data = {};
    }
    if (userRoom !== undefined) rooms.add(userRoom);
    this.opening = true;
    try {
      void socket.nsp.adapter.addAll(socket.id, rooms);
    } finally {
      this.opening = false;
    }
    for (const data of missed)
      internalsOf(socket).packet({type: PacketTypes.EVENT, data});
  }

  /** Removes the state of a socket that has left. */
  forget(socket: Socket): void {
    if (!this.namespace.sockets.has(socket.id)) this.held.delete(socket.id);
    this.sessions.left(socket);
  }

  private keepsOut(id: string): boolean {
    const socket = this.namespace.sockets.get(id);
    return !(socket && ownerOf(socket)?.admitted);
  }

  private keep(id: string, entry: Held): void {
    this.held.set(id, entry);
    const socket = this.namespace.sockets.get(id);
    if (socket) this.passOwnEmits(socket);
  }

  /** A socket's own `emit` passes its room only with connection state recovery. */
  private passOwnEmits(socket: Socket): void {
    const recovery = this.namespace.server._opts.connectionStateRecovery;
    if (!recovery || this.passing.has(socket)) return;
    this.passing.add(socket);
    const emit = socket.emit.bind(socket);
    socket.emit = (...event) => {
      this.emitting = socket;
      try {
        return emit(...event);
      } finally {
        this.emitting = undefined;
      }
    };
  }

  private guard(adapter: Adapter): void {
    if (this.guarded.has(adapter)) return;
    this.guarded.add(adapter);
    guardAdapter(adapter);
    this.guardRooms(adapter);
    this.guardBroadcasts(adapter);
    this.guardSessions(adapter);
  }

  /** Holds back the rooms of sockets that are not admitted. */
  private guardRooms(adapter: Adapter): void {
    const {held} = this;
    const addAll = adapter.addAll.bind(adapter);
    const del = adapter.del.bind(adapter);
    const delAll = adapter.delAll.bind(adapter);
    adapter.addAll = (id, named) => {
      const rooms = this.opening ? named : withoutUserRooms(named);
      const entry = held.get(id);
      if (entry) {
        for (const room of rooms) entry.rooms.add(room);
        this.keep(id, entry);
      } else if (this.keepsOut(id)) {
        this.keep(id, {rooms: new Set(rooms), missed: [], recovered: false});
      } else {
        return addAll(id, rooms);
      }
      return undefined;
    };
    adapter.del = (id, room) => {
      if (isUserRoom(room)) return undefined;
      const entry = held.get(id);
      if (!entry) return del(id, room);
      entry.rooms.delete(room);
      return undefined;
    };
    adapter.delAll = id => {
      // A connected socket that leaves all rooms is still kept out, until `forget`.
      if (this.namespace.sockets.has(id)) held.get(id)?.rooms.clear();
      else held.delete(id);
      delAll(id);
    };
  }

  /** Passes a socket's own packets, and keeps the broadcasts that a recovered connection misses. */
  private guardBroadcasts(adapter: Adapter): void {
    const broadcast = adapter.broadcast.bind(adapter);
    adapter.broadcast = (
      packet: {type: number; id?: number; data: unknown[]},
      options,
    ) => {
      const socket = this.emitting;
      const own = socket && options.rooms.size === 1 && options.rooms.has(socket.id);
      // The adapter stores it in the session of a socket that is away.
      if (own && socket.connected && !adapter.rooms.has(socket.id)) {
        internalsOf(socket).notifyOutgoingListeners(packet);
        internalsOf(socket).packet(packet, options.flags);
        return;
      }
      broadcast(packet, options);
      if (
        packet.type !== PacketTypes.EVENT ||
        packet.id !== undefined ||
        options.flags?.volatile
      )
        return;
      // A broadcast during the new authentication of a recovered socket is also missed.
      for (const {missed, recovered, rooms} of this.held.values()) {
        if (recovered && isMeant(rooms, options)) missed.push(packet.data);
      }
    };
  }

  /** Holds back the rooms and packets of recovered sessions. */
  private guardSessions(adapter: Adapter): void {
    const {held, sessions} = this;
    const persistSession = adapter.persistSession.bind(adapter);
    const restoreSession = adapter.restoreSession.bind(adapter);
    adapter.restoreSession = async (pid, offset) => {
      const session = (await restoreSession(pid, offset)) as Session | null;
      if (!session) return session as unknown as Session;
      const none = null as unknown as Session;
      if (sessions.isEnded(pid)) return none;
      const {missedPackets, rooms, sid} = session;
      // One connection has the session already; a second one must not share its id.
      const taken = held.has(sid) || this.namespace.sockets.has(sid);
      if (taken) return none;
      sessions.persisted = undefined;
      held.set(sid, {rooms: new Set(rooms), missed: missedPackets, recovered: true});
      return {...session, rooms: [], missedPackets: []};
    };
    adapter.persistSession = session => {
      sessions.persisted = session.sid;
      const entry = held.get(session.sid);
      if (entry && !entry.recovered) return;
      sessions.add();
      persistSession(entry ? {...session, rooms: [...entry.rooms]} : session);
    };
  }
}

/** Returns true if these rooms belong to a socket of that user, or to a socket whose user has no id. */
function isOf(userRoom: string | undefined, rooms: ReadonlySet<string>): boolean {
  if (userRoom !== undefined) return rooms.has(userRoom);
  return ![...rooms].some(isUserRoom);
}

/** Returns true if a broadcast is meant for a socket in these rooms. */
function isMeant(
  rooms: ReadonlySet<string>,
  {rooms: to, except}: {rooms: Set<string>; except?: Set<string>},
): boolean {
  const includes = (room: string) => rooms.has(room);
  const excluded = [...(except ?? [])].some(includes);
  return !excluded && (to.size === 0 || [...to].some(includes));
}
