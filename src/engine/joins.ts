import type {Namespace, Socket} from 'socket.io';
import {clientOf, internalsOf, namespaceInternalsOf} from './internals';
import {PacketTypes} from './packets';
import type {DecodedPacket} from './packets';
import {leaveMatching, recordMatching} from './matching';
import {cancelReservation} from './socket-slots';

type Client = Socket['client'];

/** A client that is joining a namespace, or that a later join of the same client's waits for. */
interface Join {
  /** `undefined` while it is made. */
  socket?: Socket;
  /** Whether the client has left again, or joins once more. */
  abandoned: boolean;
  /** Joins once more, when nothing is left of the first. */
  next?: (() => void) | undefined;
}

const CLIENT = Symbol('client');

/** A decoder of a client that has joined a namespace of a server's. */
interface Decoding {
  [CLIENT]?: Client;
}

/** In place of a socket, for a packet that nobody is to have. */
const NOBODY = {_onpacket: () => undefined} as unknown as Socket;

const ignore = () => undefined;

/** Sockets that never joined. */
const discarded = new WeakSet<Socket>();

const joinsOf = new WeakMap<Namespace, Joins>();

/**
 * Lets a client join a namespace that it has joined, or is joining, already, or leave one that it is still
 * joining: the later socket takes the earlier one's place. socket.io takes both for an error, and closes the
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
      // Namespace functions that decided at the same time let a client in more than once.
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
      // A child namespace stays as long as somebody is joining it.
      if (!join.next) this.joins.delete(socket.client);
      remove(socket);
      join.next?.();
    };
  }

  /** Whether anyone is joining. */
  get any(): boolean {
    return this.joins.size > 0;
  }

  /** Notes a socket that has been made; says whether it may go on to join. */
  enter(socket: Socket): boolean {
    if (discarded.has(socket)) return false;
    const join = this.joins.get(socket.client);
    if (!join) return true;
    join.socket = socket;
    if (join.abandoned) discard(socket);
    return !join.abandoned;
  }

  /** Ends a socket that has joined, once it has had what came before. */
  replace(socket: Socket): void {
    this.joins.set(socket.client, {socket, abandoned: true});
    process.nextTick(() => internalsOf(socket)._onclose('client namespace disconnect'));
  }

  /** Ends the joining of a client that leaves; says whether it was joining. */
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

/** Lets go of a socket that is joining, whatever its middleware still does with it. */
function discard(socket: Socket): void {
  const {id: sid, nsp, recovered} = socket;
  const internals = internalsOf(socket);
  discarded.add(socket);
  // An adapter may give a session only once.
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

/** Sees each packet that joins or leaves a namespace before socket.io does, which would close the connection. */
export function followJoins(decoder: object, packet: DecodedPacket): void {
  const {[CLIENT]: client} = decoder as Decoding;
  if (!client) return;
  const internals = clientOf(client);
  const {nsps, server} = internals;
  const {namespace: name} = internals._parseNamespace(packet);
  const socket = nsps.get(name);
  // Of what is decided on, only the last wish counts.
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
