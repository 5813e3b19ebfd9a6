import type {Namespace, Server as IoServer, Socket} from 'socket.io';
import {Admission} from './admission';
import type {Report} from '../common/guarded';
import {Joins} from '../engine/joins';
import {liftRequestLimit} from '../engine/request-limits';
import {RemovedChildren} from './removed-children';
import {guardJoining} from './guards';
import {guardMiddleware, guardNamespace} from './namespace-guards';
import {checkGivenSocket} from '../engine/given-parts';
import {childrenOf, namespaceInternalsOf} from '../engine/internals';
import type {Middleware} from '../engine/internals';
import {
  detachFromPattern,
  keepWhileNeeded,
  onRemoved,
  reachChildren,
} from './pattern-namespaces';
import {closeIdleTransport} from '../engine/closing';
import {startAckIds} from '../engine/question';
import {markAuthenticated} from '../engine/deadlines';
import {releaseSlot} from '../engine/socket-slots';

/** Serves a namespace. */
export interface Claimant {
  readonly name: string;
  readonly report: Report;
  /**
   * Returns the reason why a socket must not join the namespace, if there is one; its client gets
   * `connect_error`.
   */
  refusalOf(socket: Socket): Error | undefined;
  /** Serves a socket that has joined the namespace. */
  connect(socket: Socket): void;
}

/** The claimants of namespaces that were claimed one by one. */
const owners = new WeakMap<Namespace, Claimant>();

/**
 * Leaves namespaces that no server has claimed to the application that made them: a connection that has
 * joined one need not authenticate.
 */
export function leaveUnclaimed(io: IoServer): void {
  io.on('new_namespace', namespace => namespace.on('connection', joinedUnclaimed));
}

function joinedUnclaimed(socket: Socket): void {
  markAuthenticated(socket);
  liftRequestLimit(socket);
  socket.once('disconnect', () => closeIdleTransport(socket));
}

/** Refuses the sockets of a namespace while no server has claimed it. */
export function refuseUnclaimed(namespace: Namespace): void {
  namespace.use((_socket, next) => {
    next(owners.has(namespace) ? undefined : new Error('Invalid namespace'));
  });
}

/**
 * Takes over a namespace. The parent namespace of a pattern passes this on to each child.
 *
 * @throws Error when another server has the namespace.
 */
export function claimNamespace(namespace: Namespace, claimant: Claimant): void {
  const owner = owners.get(namespace);
  if (owner === claimant) return;
  if (owner) {
    throw new Error(
      `Servers "${owner.name}" and "${claimant.name}" cannot both serve namespace "${namespace.name}". ` +
        'Give one of them another `namespace`.',
    );
  }
  owners.set(namespace, claimant);
  namespace.off('connection', joinedUnclaimed);
  guardNamespace(namespace, claimant.report);
  startAckIds(namespace);
  handOver(namespace, claimant);
  const children = childrenOf(namespace);
  if (!children) {
    Admission.of(namespace);
    detachFromPattern(namespace);
    onRemoved(namespace, releaseSlot);
    Joins.of(namespace);
    return;
  }
  reachChildren(namespace);
  const removed = new RemovedChildren(namespace);
  const take = (child: Namespace) => {
    child.off('connection', joinedUnclaimed);
    guardNamespace(child, claimant.report);
    startAckIds(child);
    const needed = () => Joins.of(child).any || Admission.of(child).sessions.any;
    const release = keepWhileNeeded(child, needed, () => removed.add(child));
    onRemoved(child, releaseSlot);
    Joins.of(child);
    Admission.of(child).sessions.onOver(release);
  };
  for (const child of children) {
    take(child);
    handOver(child, claimant);
  }
  namespace.server.on('new_namespace', child => {
    if (children.has(child)) take(child);
  });
}

/** Passes the sockets of a namespace to its claimant. */
function handOver(namespace: Namespace, claimant: Claimant): void {
  // A claim of the namespace itself has priority over a pattern that matches its name.
  const owns = ({nsp}: Socket) => (owners.get(nsp) ?? claimant) === claimant;
  // It must run before the application's middleware, which may have been added earlier.
  const join: Middleware = (socket, next) => {
    checkGivenSocket(socket);
    guardJoining(socket);
    if (Joins.of(socket.nsp).enter(socket))
      next(owns(socket) ? claimant.refusalOf(socket) : undefined);
  };
  namespaceInternalsOf(namespace)._fns.unshift(guardMiddleware(join, claimant.report));
  namespace.prependListener('connection', (socket: Socket) => {
    if (owns(socket)) claimant.connect(socket);
  });
}
