import type {Namespace, Socket} from 'socket.io';
import {guardAdapter} from './adapter-guard';
import {delayOf} from '../common/timers';
import {ownerOf} from './guards';
import {internalsOf} from '../engine/internals';
import {PacketTypes} from '../engine/packets';
import {recoveryTimeOf, Sessions} from './recovery-sessions';
import {isUserRoom, withoutUserRooms} from './user-rooms';

type Adapter = Namespace['adapter'];
type Session = Awaited<ReturnType<Adapter['restoreSession']>>;

/** What a socket that is kept out will get once it is admitted. */
interface Held {
  readonly rooms: Set<string>;
  /** Packets that a recovered connection missed. */
  readonly missed: unknown[][];
  /** Whether the socket comes from a recovered connection, whose session must outlive a refusal. */
  readonly recovered: boolean;
}

const admissions = new WeakMap<Namespace, Admission>();

/**
 * Keeps the sockets of a namespace out of all rooms, and so of all broadcasts, until they are
 * admitted. Rooms joined earlier take effect then. It stands before the namespace's adapter,
 * whichever it is, because rooms are what an adapter sees of a socket. It is no adapter class handed to
 * socket.io, because a server given to `start` has its adapters already, and two ways would be needed.
 */
export class Admission {
  private readonly held = new Map<string, Held>();
  /** Whether rooms are opened, among them that of a user, which nothing else lets a socket join. */
  private opening = false;
  /** The socket whose own `emit` is running, which must reach it though it is in no room. */
  private emitting?: Socket;
  private readonly guarded = new WeakSet<Adapter>();
  /** Sessions that are over and that an adapter may still have: it gives one as often as asked. */
  private readonly ended = new Set<string>();
  /** Id of the socket whose session was kept last. */
  private persisted?: string;
  /** Sockets whose `emit` is wrapped. */
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
    // `io.adapter(…)` replaces the adapter of a namespace that exists already.
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

  /** Keeps out a connected socket that is in rooms already. */
  hold(socket: Socket): void {
    if (this.held.has(socket.id)) return;
    const rooms = withoutUserRooms(new Set(socket.rooms));
    socket.nsp.adapter.delAll(socket.id);
    this.keep(socket.id, {rooms, missed: [], recovered: false});
  }

  /**
   * Opens rooms and broadcasts to a socket, and its user's room. What a recovered connection brings
   * belongs to the user that had it: another one starts afresh. Its owner says from now on that it is
   * admitted.
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

  /** Forgets a socket that is gone, and the session it came from, unless it was kept again. */
  forget(socket: Socket): void {
    if (!this.namespace.sockets.has(socket.id)) this.held.delete(socket.id);
    if (!socket.recovered || this.persisted === socket.id) return;
    const {pid} = internalsOf(socket);
    this.ended.add(pid);
    const wait = delayOf(recoveryTimeOf(this.namespace) + 1);
    setTimeout(() => this.ended.delete(pid), wait).unref();
  }

  /** For how long, in ms, another connection may go on as a socket that is gone; 0 if none may. */
  keptFor(socket: Socket): number {
    return this.persisted === socket.id ? recoveryTimeOf(this.namespace) : 0;
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

  /** Only with connection state recovery does a socket's own `emit` go by way of its room. */
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
    const {held} = this;
    const addAll = adapter.addAll.bind(adapter);
    const broadcast = adapter.broadcast.bind(adapter);
    const del = adapter.del.bind(adapter);
    const delAll = adapter.delAll.bind(adapter);
    const persistSession = adapter.persistSession.bind(adapter);
    const restoreSession = adapter.restoreSession.bind(adapter);

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
      // A connected socket that leaves all rooms is still kept out; `forget` ends that.
      if (this.namespace.sockets.has(id)) held.get(id)?.rooms.clear();
      else held.delete(id);
      delAll(id);
    };
    adapter.broadcast = (
      packet: {type: number; id?: number; data: unknown[]},
      options,
    ) => {
      const socket = this.emitting;
      const own = socket && options.rooms.size === 1 && options.rooms.has(socket.id);
      // To one that is away it goes by way of the adapter, which keeps it for its session.
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
      // What is broadcast while a recovered socket authenticates again is missed as well.
      for (const {missed, recovered, rooms} of held.values()) {
        if (recovered && isMeant(rooms, options)) missed.push(packet.data);
      }
    };
    adapter.restoreSession = async (pid, offset) => {
      const session = (await restoreSession(pid, offset)) as Session | null;
      if (!session) return session as unknown as Session;
      const none = null as unknown as Session;
      if (this.ended.has(pid)) return none;
      const {missedPackets, rooms, sid} = session;
      // One connection has the session already; another must not share its id.
      const taken = held.has(sid) || this.namespace.sockets.has(sid);
      if (taken) return none;
      this.persisted = undefined;
      held.set(sid, {rooms: new Set(rooms), missed: missedPackets, recovered: true});
      return {...session, rooms: [], missedPackets: []};
    };
    adapter.persistSession = session => {
      this.persisted = session.sid;
      const entry = held.get(session.sid);
      if (entry && !entry.recovered) return;
      this.sessions.add();
      persistSession(entry ? {...session, rooms: [...entry.rooms]} : session);
    };
  }
}

/** Whether these are the rooms of that user's socket, or of one whose user has no id. */
function isOf(userRoom: string | undefined, rooms: ReadonlySet<string>): boolean {
  if (userRoom !== undefined) return rooms.has(userRoom);
  return ![...rooms].some(isUserRoom);
}

/** Whether a broadcast goes to a socket in these rooms. */
function isMeant(
  rooms: ReadonlySet<string>,
  {rooms: to, except}: {rooms: Set<string>; except?: Set<string>},
): boolean {
  const includes = (room: string) => rooms.has(room);
  const excluded = [...(except ?? [])].some(includes);
  return !excluded && (to.size === 0 || [...to].some(includes));
}
