import type {Namespace, Socket} from 'socket.io';
import {internalsOf} from './socket-io-internals';

/** socket.io's packet type of an event. */
const EVENT = 2;

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
 * whichever it is, because rooms are what an adapter sees of a socket.
 */
export class Admission {
  /** Whether new sockets are kept out; a stopped server leaves its namespace to its owner. */
  active = true;
  private readonly held = new Map<string, Held>();
  /** The socket whose own `emit` is running, which must reach it though it is in no room. */
  private emitting?: Socket;
  private readonly guarded = new WeakSet<Adapter>();
  private readonly admitted = new WeakSet<Socket>();

  static of(namespace: Namespace): Admission {
    let admission = admissions.get(namespace);
    if (!admission) {
      admission = new Admission(namespace);
      admissions.set(namespace, admission);
    }
    return admission;
  }

  private constructor(private readonly namespace: Namespace) {
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

  /** Keeps out a connected socket, also one that is in rooms already. */
  hold(socket: Socket): void {
    if (!this.held.has(socket.id)) {
      const rooms = new Set(socket.rooms);
      socket.nsp.adapter.delAll(socket.id);
      this.held.set(socket.id, {rooms, missed: [], recovered: false});
    }
    // Only with connection state recovery does a socket's own `emit` go by way of its room.
    if (!socket.nsp.server._opts.connectionStateRecovery) return;
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

  /** Opens rooms and broadcasts to a socket. */
  admit(socket: Socket): void {
    const held = this.held.get(socket.id);
    if (!held) return;
    this.held.delete(socket.id);
    this.admitted.add(socket);
    // The own property that `hold` set, so that the class's method shows again.
    Reflect.deleteProperty(socket, 'emit');
    void socket.nsp.adapter.addAll(socket.id, held.rooms);
    for (const data of held.missed) internalsOf(socket).packet({type: EVENT, data});
  }

  private keepsOut(id: string): boolean {
    const socket = this.namespace.sockets.get(id);
    return this.active && !(socket && this.admitted.has(socket));
  }

  private guard(adapter: Adapter): void {
    if (this.guarded.has(adapter)) return;
    this.guarded.add(adapter);
    const {held} = this;
    const addAll = adapter.addAll.bind(adapter);
    const broadcast = adapter.broadcast.bind(adapter);
    const del = adapter.del.bind(adapter);
    const delAll = adapter.delAll.bind(adapter);
    const persistSession = adapter.persistSession.bind(adapter);
    const restoreSession = adapter.restoreSession.bind(adapter);

    adapter.addAll = (id, rooms) => {
      let entry = held.get(id);
      if (!entry) {
        if (!this.keepsOut(id)) return addAll(id, rooms);
        entry = {rooms: new Set(), missed: [], recovered: false};
        held.set(id, entry);
      }
      for (const room of rooms) entry.rooms.add(room);
      return undefined;
    };
    adapter.del = (id, room) => {
      const entry = held.get(id);
      if (!entry) return del(id, room);
      entry.rooms.delete(room);
      return undefined;
    };
    adapter.delAll = id => {
      held.delete(id);
      delAll(id);
    };
    adapter.broadcast = (packet: object, options) => {
      const socket = this.emitting;
      const own = socket && options.rooms.size === 1 && options.rooms.has(socket.id);
      if (!own || !held.has(socket.id)) {
        broadcast(packet, options);
        return;
      }
      internalsOf(socket).notifyOutgoingListeners(packet);
      internalsOf(socket).packet(packet, options.flags);
    };
    adapter.restoreSession = async (pid, offset) => {
      const session = (await restoreSession(pid, offset)) as Session | null;
      if (!session || !this.active) return session as Session;
      held.set(session.sid, {
        rooms: new Set(session.rooms),
        missed: session.missedPackets,
        recovered: true,
      });
      return {...session, rooms: [], missedPackets: []};
    };
    adapter.persistSession = session => {
      const entry = held.get(session.sid);
      if (!entry) {
        persistSession(session);
      } else if (entry.recovered) {
        persistSession({...session, rooms: [...entry.rooms]});
      }
    };
  }
}
