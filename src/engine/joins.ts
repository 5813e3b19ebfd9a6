import type {Namespace, Socket} from 'socket.io';
import {clientOf, internalsOf, namespaceInternalsOf} from './internals';
import {PacketTypes} from './packets';
import type {DecodedPacket} from './packets';
import {leaveMatching, recordMatching} from './matching';
import {cancelReservation} from './socket-slots';

type Client = Socket['client'];

/** A client that is joining a namespace, or a later join that waits for the first. */
interface Join {
  /** `undefined` until socket.io has made it. */
  socket?: Socket;
  /** Set when the client has left, or joins again. */
  abandoned: boolean;
  /** Joins again, after the first join has ended completely. */
  next?: (() => void) | undefined;
}

const CLIENT = Symbol('client');

/** A decoder of a client that has joined a namespace of a server. */
interface Decoding {
  [CLIENT]?: Client;
}

/** Handles a packet in place of a socket, and drops it. */
const NOBODY = {_onpacket: () => undefined} as unknown as Socket;

const ignore = () => undefined;

/** Sockets that never joined. */
const discarded = new WeakSet<Socket>();

const joinsOf = new WeakMap<Namespace, Joins>();

/**
 * Lets a client join a namespace again that it has joined or is joining, and leave a namespace that it is
 * still joining: the later socket replaces the earlier one. socket.io takes both for an error, and closes the
 * connection under the client's other namespaces. React's strict mode does both in one tick.
 */
export class Joins {
  private readonly joins = new Map<Client, Join>();

  static of(namespace: Namespace): Joins {
    let joins = joinsOf.get(namespace);
    if (!joins) joinsOf.set(namespace, (joins = new Joins(namespace)));
    return joins;
  }

  private constructor(namespace: Namespace) {
    const internals = namespaceInternalsOf(namespace);
    const add = internals._add.bind(namespace);
    const connect = internals._doConnect.bind(namespace);
    const remove = internals._remove.bind(namespace);
    internals._add = (client, auth, done) => {
      (clientOf(client).decoder as Decoding)[CLIENT] = client;
      const run = () => {
        this.joins.set(client, {abandoned: false});
        void add(client, auth, done);
      };
      // Namespace functions that run at the same time may admit one client more than once.
      const joined = clientOf(client).nsps.get(namespace.name);
      if (joined?.nsp === namespace) this.replace(joined);
      const earlier = this.joins.get(client);
      if (!earlier) run();
      else this.abandon(earlier, run);
    };
    internals._doConnect = (socket, joined) => {
      if (!this.enter(socket)) return;
      this.joins.delete(socket.client);
      connect(socket, joined);
    };
    internals._remove = socket => {
      const join = this.joins.get(socket.client);
      if (join?.socket !== socket) {
        remove(socket);
        return;
      }
      // A child namespace stays while a client is joining it.
      if (!join.next) this.joins.delete(socket.client);
      remove(socket);
      join.next?.();
    };
  }

  /** Returns true while a client is joining. */
  get any(): boolean {
    return this.joins.size > 0;
  }

  /** Records a socket that has been made; returns true if it may continue to join. */
  enter(socket: Socket): boolean {
    if (discarded.has(socket)) return false;
    const join = this.joins.get(socket.client);
    if (!join) return true;
    join.socket = socket;
    if (join.abandoned) discard(socket);
    return !join.abandoned;
  }

  /** Ends a joined socket after it has received its earlier packets. */
  replace(socket: Socket): void {
    this.joins.set(socket.client, {socket, abandoned: true});
    process.nextTick(() => internalsOf(socket)._onclose('client namespace disconnect'));
  }

  /** Ends the join of a client that leaves; returns true if there was one. */
  leave(client: Client): boolean {
    const join = this.joins.get(client);
    if (join) this.abandon(join, undefined);
    return join !== undefined;
  }

  private abandon(join: Join, next: Join['next']): void {
    join.next = next;
    if (join.abandoned) return;
    join.abandoned = true;
    if (join.socket) discard(join.socket);
  }
}

/** Removes a joining socket; a later decision of its middleware has no effect. */
function discard(socket: Socket): void {
  const {id: sid, nsp, recovered} = socket;
  const internals = internalsOf(socket);
  discarded.add(socket);
  // An adapter may return a session only once.
  if (recovered) {
    nsp.adapter.persistSession({
      sid,
      pid: internals.pid,
      rooms: [],
      data: socket.data as unknown,
    });
  }
  internals._cleanup();
  internals._cleanup = internals._error = ignore;
}

/** Reads each packet that joins or leaves a namespace before socket.io, which would close the connection. */
export function followJoins(decoder: object, packet: DecodedPacket): void {
  const {[CLIENT]: client} = decoder as Decoding;
  if (!client) return;
  const internals = clientOf(client);
  const {nsps, server} = internals;
  const {namespace: name} = internals._parseNamespace(packet);
  const socket = nsps.get(name);
  // Of several packets, only the last one counts.
  const unmatched = leaveMatching(client, name);
  if (unmatched) cancelReservation(client.conn);
  if (packet.type === PacketTypes.CONNECT) {
    const joins = socket && joinsOf.get(socket.nsp);
    if (joins || socket === NOBODY) nsps.delete(name);
    if (joins) joins.replace(socket);
    if (!server._nsps.has(name)) recordMatching(client, packet);
  } else if (!socket) {
    const namespace = server._nsps.get(name);
    const left = namespace && joinsOf.get(namespace)?.leave(client);
    if (!left && !unmatched) return;
    nsps.set(name, NOBODY);
    process.nextTick(() => nsps.get(name) === NOBODY && nsps.delete(name));
  }
}
