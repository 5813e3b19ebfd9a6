import {EventEmitter, once} from 'node:events';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {Namespace, Server, Socket} from 'socket.io';
import {Adapter, SessionAwareAdapter} from 'socket.io-adapter';
import {
  childrenOf,
  internalsOf,
  namespaceInternalsOf,
  parentInternalsOf,
} from './internals';
import type {Operator} from './internals';
import {PacketTypes, parserOf} from './packets';
import {refuseVersion} from '../common/private-parts';
import {partsOfNamespace, partsOfSocket} from './given-parts';
import {attempt, check, checkMethods, expectCalls, refuse} from './private-parts';

/** @throws Error when the installed socket.io lacks a private part, or does not call it. */
export async function trySocketIo(): Promise<void> {
  checkMethods('socket.io/Namespace', Namespace);
  checkMethods('socket.io/Socket', Socket);
  const io = await attempt(
    'socket.io/Server',
    () =>
      new Server({
        cleanupEmptyChildNamespaces: true,
        // A socket then has a session id. The adapter for recovery would start a timer.
        connectionStateRecovery: {},
        adapter: Adapter,
      }),
  );
  const namespace = io.of('/');
  for (const [owner, object] of partsOfNamespace(namespace)) check(owner, object);
  const {encoder, _parser} = parserOf(io);
  check('socket.io-parser/Encoder', encoder);
  check('socket.io-parser/Decoder', new _parser.Decoder());
  tryPattern(io.of(/^\/sample$/));
  trySessions(namespace);
  await tryOperators(namespace);
  await trySocket(io);
}

/** A pattern's child must have a function of its own that removes it when it is empty. */
function tryPattern(parent: Namespace): void {
  check('socket.io/ParentNamespace', parent);
  const child = parentInternalsOf(parent).createChild('/sample');
  if (!childrenOf(parent)?.has(child)) refuse('socket.io/ParentNamespace', 'children');
  if (!Object.hasOwn(child, '_remove')) refuse('socket.io/Namespace', '_remove');
}

/** RecoveryAdapter passes its fields to the functions of socket.io's own adapter. */
function trySessions(namespace: Namespace): void {
  const sessions = new Map<string, unknown>();
  const packets: {emittedAt?: unknown}[] = [];
  const fields = {sessions, packets, maxDisconnectionDuration: 1};
  const adapter = Object.assign(new Adapter(namespace), fields);
  const recovery = SessionAwareAdapter.prototype;
  const session = {sid: 'sample', pid: 'sample', rooms: [], data: {}};
  recovery.persistSession.call(adapter, session);
  const target = {rooms: new Set<string>(), except: new Set<string>()};
  recovery.broadcast.call(adapter, {type: PacketTypes.EVENT, data: ['sample']}, target);
  if (sessions.size !== 1 || !('disconnectedAt' in session))
    refuseVersion('socket.io-adapter', 'SessionAwareAdapter.sessions');
  if (typeof packets.at(0)?.emittedAt !== 'number')
    refuseVersion('socket.io-adapter', 'SessionAwareAdapter.packets');
}

async function tryOperators(namespace: Namespace): Promise<void> {
  type OperatorClass = new (adapter: object) => Operator;
  const {constructor} = namespace.except([]) as {constructor: unknown};
  const fetchSockets = () => Promise.resolve([{id: 'sample', rooms: []}]);
  const operator = new (constructor as OperatorClass)({fetchSockets});
  const [remote] = await operator.fetchSockets();
  check('socket.io/RemoteSocket', remote);
}

/** Every packet of a client must pass the function that this package puts on its socket. */
async function trySocket(io: Server): Promise<void> {
  const connection = Object.assign(new EventEmitter(), {
    // With protocol 3 a client joins `/` by itself.
    protocol: 3,
    id: 'sample',
    readyState: 'open',
    transport: {name: 'polling'},
    request: {headers: {}, connection: {}, url: '/', _query: {}},
    write: () => {},
    close: () => {},
  });
  const [socket] = await attempt('socket.io/Client', signal => {
    const engine = new EventEmitter();
    io.bind(engine as Parameters<Server['bind']>[0]);
    const connected = once(io.of('/'), 'connection', {signal}) as Promise<[Socket]>;
    engine.emit('connection', connection);
    return connected;
  });
  for (const [owner, object] of partsOfSocket(socket)) check(owner, object);
  check('socket.io/Socket with recovery', socket);
  const isReceived = expectCalls('socket.io/Socket', socket, ['onevent']);
  connection.emit('data', '2["sample"]');
  await nextTurn();
  isReceived();
  const {_ids: id} = namespaceInternalsOf(socket.nsp);
  socket.emit('sample', () => {});
  if (!internalsOf(socket).acks.has(id)) refuse('socket.io/Namespace', '_ids');
  connection.emit('close', 'sample');
}
