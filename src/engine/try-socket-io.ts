import {setImmediate as nextTurn} from 'node:timers/promises';
import {Namespace, Server, Socket} from 'socket.io';
import {Adapter, SessionAwareAdapter} from 'socket.io-adapter';
import {refuseVersion} from '../common/private-parts';
import {PacketTypes, parserOf} from './packets';
import type {Operator} from './internals';
import {attempt, check} from './private-parts';
import {sampleSocket} from './samples';

/** @throws Error when the installed socket.io lacks a private part, or does not call it. */
export async function trySocketIo(): Promise<void> {
  // The samples need these.
  check('socket.io', 'Namespace', Namespace.prototype, 'function');
  check('socket.io', 'Socket', Socket.prototype, 'function');
  // With recovery a socket has a session id. The adapter for recovery would start a timer.
  const options = {connectionStateRecovery: {}, adapter: Adapter};
  const io = await attempt('socket.io', 'Server', () => new Server(options));
  checkServer(io);
  checkSessions(io.of('/'));
  await checkOperators(io.of('/'));
  await checkSocket(io);
}

function checkServer(io: Server): void {
  check('socket.io', 'Server', io);
  const namespace = io.of('/');
  check('socket.io', 'Namespace', namespace);
  check('socket.io', 'ParentNamespace', io.of(/^\/sample$/));
  check('socket.io-adapter', 'Adapter', namespace.adapter);
  const {encoder, _parser} = parserOf(io);
  check('socket.io-parser', 'Encoder', encoder);
  check('socket.io-parser', 'Decoder', new _parser.Decoder());
}

/** Has the fields that socket.io's recovery adapter uses, without its timer. */
class SampleAdapter extends Adapter {
  readonly sessions = new Map<string, unknown>();
  readonly packets: {emittedAt?: unknown}[] = [];
  readonly maxDisconnectionDuration = 1;
}

/** RecoveryAdapter passes these fields to the functions of socket.io's own adapter. */
function checkSessions(namespace: Namespace): void {
  const adapter = new SampleAdapter(namespace);
  const recovery = SessionAwareAdapter.prototype;
  const session = {sid: 'sample', pid: 'sample', rooms: [], data: {}};
  recovery.persistSession.call(adapter, session);
  const target = {rooms: new Set<string>(), except: new Set<string>()};
  recovery.broadcast.call(adapter, {type: PacketTypes.EVENT, data: ['sample']}, target);
  if (adapter.sessions.size !== 1 || !('disconnectedAt' in session))
    refuseVersion('socket.io-adapter', 'SessionAwareAdapter.sessions');
  if (typeof adapter.packets.at(0)?.emittedAt !== 'number')
    refuseVersion('socket.io-adapter', 'SessionAwareAdapter.packets');
}

async function checkOperators(namespace: Namespace): Promise<void> {
  const operator = namespace.except([]);
  check('socket.io', 'BroadcastOperator', operator);
  const Operators = operator.constructor as new (adapter: object) => Operator;
  const details = {id: 'sample', rooms: []};
  const [remote] = await new Operators({
    fetchSockets: () => Promise.resolve([details]),
  }).fetchSockets();
  check('socket.io', 'RemoteSocket', remote);
}

/** Every packet of a client must pass the function that this package puts on its socket. */
async function checkSocket(io: Server): Promise<void> {
  const [socket, connection] = await attempt('socket.io', 'Client', () =>
    sampleSocket(io),
  );
  check('socket.io', 'Socket', socket);
  check('socket.io', 'Client', socket.client);
  let received = false as boolean;
  Object.assign(socket, {onevent: () => (received = true)});
  connection.emit('data', '2["sample"]');
  await nextTurn();
  if (!received) refuseVersion('socket.io', 'Socket.onevent');
  connection.emit('close', 'sample');
}
