import {checkParts, refuseVersion} from '../common/private-parts';
import type {PrivateParts} from '../common/private-parts';

/** Longest time, in ms, of each attempt; without I/O it takes a few turns of the event loop. */
const ATTEMPT_TIMEOUT = 2000;

/**
 * The private parts that this package uses, by package and class. Some keys say after the class in which state
 * it has them.
 */
export const PRIVATE_PARTS = {
  'socket.io/Server': parts(
    '_parser encoder _nsps parentNsps _opts _checkNamespace() bind()',
  ),
  'socket.io/Namespace': parts(
    '_fns _ids:number _preConnectSockets _add() _doConnect() _remove() _initAdapter() _onServerSideEmit() emitReserved()',
  ),
  'socket.io/ParentNamespace': parts('children createChild()'),
  'socket.io/Socket': parts(
    'fns acks flags onevent() onack() packet() registerAckCallback() newBroadcastOperator() ' +
      'emitReserved() notifyOutgoingListeners() _onpacket() _cleanup() _error() _onclose()',
  ),
  'socket.io/Socket with recovery': parts('pid:string'),
  'socket.io/Client': parts(
    'decoder nsps sockets server ondecoded() _parseNamespace() writeToEngine()',
  ),
  'socket.io/BroadcastOperator': parts('adapter rooms exceptRooms flags emit()'),
  'socket.io/RemoteSocket': parts('operator'),
  'socket.io-adapter/Adapter': parts(
    'encoder apply() addAll() del() delAll() broadcast() persistSession() restoreSession()',
  ),
  'socket.io-parser/Encoder': parts('encode()'),
  'socket.io-parser/Decoder': parts('add() destroy()'),
  'engine.io/Server': parts('clients opts verify()'),
  'engine.io/IncomingMessage': parts('_query'),
  'engine.io/IncomingMessage of a websocket': parts('websocket'),
  'engine.io/Socket': parts('server writeBuffer sendPacket()'),
  'engine.io/Polling': parts('onData() onPacket() send() doWrite()'),
  'engine.io/Polling or its options': parts('maxHttpBufferSize:number'),
  'engine.io/Polling that has a request': parts('res'),
  'engine.io/Polling that is closing': parts('shouldClose()'),
  'engine.io/WebSocket': parts('socket'),
  'ws/WebSocket': parts('_receiver pong()'),
  'ws/Receiver': parts('_maxPayload:number'),
};

export type Owner = keyof typeof PRIVATE_PARTS;

/** Reads a list of parts: `name()` is a function, `name:type` has that type, and any other is an object. */
function parts(list: string): PrivateParts {
  const entries = list.split(' ').map(part => {
    const [name, type = 'object'] = part.replace('()', ':function').split(':');
    return [name, type];
  });
  return Object.fromEntries(entries) as PrivateParts;
}

function functionsOf(owner: Owner): string[] {
  const {[owner]: all} = PRIVATE_PARTS;
  return Object.keys(all).filter(name => all[name] === 'function');
}

/** Splits the key of a class into its package and its name. */
function namesOf(owner: Owner): [packageName: string, name: string] {
  const [packageName, name] = owner.split(/[ /]/);
  return [packageName, name];
}

/**
 * Checks that an object of an installed package has the parts of its class.
 *
 * @throws Error that names a missing part.
 */
export function check(owner: Owner, found: object): void {
  checkParts(...namesOf(owner), found, PRIVATE_PARTS[owner]);
}

/** Checks the methods of a class that samples need: a sample that fails cannot name the missing one. */
export function checkMethods(owner: Owner, {prototype}: {prototype: object}): void {
  const methods = functionsOf(owner).map(name => [name, 'function']);
  checkParts(...namesOf(owner), prototype, Object.fromEntries(methods) as PrivateParts);
}

/** @throws Error that names a class, or its changed part, with the package and its version. */
export function refuse(owner: Owner, part?: string, cause?: unknown): never {
  const [packageName, name] = namesOf(owner);
  refuseVersion(packageName, part === undefined ? name : `${name}.${part}`, cause);
}

/**
 * Runs code that fails when the package lacks a part.
 *
 * @param run - Its signal ends a wait that takes too long.
 */
export async function attempt<Result>(
  owner: Owner,
  run: (signal: AbortSignal) => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await run(AbortSignal.timeout(ATTEMPT_TIMEOUT));
  } catch (error) {
    return refuse(owner, undefined, error);
  }
}

/**
 * Checks the parts of an object, and replaces its functions, as this package does.
 *
 * @returns A function that refuses the version when one of the named functions was not called.
 */
export function expectCalls(
  owner: Owner,
  object: object,
  names: readonly string[] = functionsOf(owner),
): () => void {
  check(owner, object);
  const missing = new Set(names);
  for (const name of names) {
    const method = Reflect.get(object, name) as (...args: unknown[]) => unknown;
    Reflect.set(object, name, (...args: unknown[]) => {
      missing.delete(name);
      return method.apply(object, args);
    });
  }
  return () => {
    for (const name of missing) refuse(owner, name);
  };
}
