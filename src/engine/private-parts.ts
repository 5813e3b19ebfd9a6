import {checkParts, refuseVersion} from '../common/private-parts';
import type {PrivateParts} from '../common/private-parts';

/**
 * The private parts that this package uses, by package and class, with the type of each. Some keys say after
 * the class in which state it has them.
 */
export const PRIVATE_PARTS = {
  'socket.io': {
    Server: {
      _parser: 'object',
      encoder: 'object',
      _nsps: 'object',
      parentNsps: 'object',
      _opts: 'object',
      _checkNamespace: 'function',
      bind: 'function',
    },
    Namespace: {
      _fns: 'object',
      _preConnectSockets: 'object',
      _add: 'function',
      _doConnect: 'function',
      _remove: 'function',
      _initAdapter: 'function',
      _onServerSideEmit: 'function',
      emitReserved: 'function',
    },
    ParentNamespace: {children: 'object', createChild: 'function'},
    Socket: {
      fns: 'object',
      acks: 'object',
      flags: 'object',
      pid: 'string',
      onevent: 'function',
      onack: 'function',
      packet: 'function',
      registerAckCallback: 'function',
      newBroadcastOperator: 'function',
      emitReserved: 'function',
      notifyOutgoingListeners: 'function',
      _cleanup: 'function',
      _error: 'function',
      _onclose: 'function',
    },
    Client: {
      decoder: 'object',
      ondecoded: 'function',
      nsps: 'object',
      sockets: 'object',
      server: 'object',
      _parseNamespace: 'function',
      writeToEngine: 'function',
    },
    BroadcastOperator: {
      adapter: 'object',
      rooms: 'object',
      exceptRooms: 'object',
      flags: 'object',
      emit: 'function',
    },
    RemoteSocket: {operator: 'object'},
  },
  'socket.io-adapter': {
    Adapter: {
      addAll: 'function',
      del: 'function',
      delAll: 'function',
      broadcast: 'function',
      persistSession: 'function',
      restoreSession: 'function',
      encoder: 'object',
    },
  },
  'socket.io-parser': {
    Encoder: {encode: 'function'},
    Decoder: {add: 'function', destroy: 'function'},
  },
  'engine.io': {
    Server: {clients: 'object', opts: 'object', verify: 'function'},
    IncomingMessage: {_query: 'object'},
    'IncomingMessage of a websocket': {websocket: 'object'},
    Socket: {server: 'object', writeBuffer: 'object', sendPacket: 'function'},
    Polling: {
      onData: 'function',
      onPacket: 'function',
      send: 'function',
      doWrite: 'function',
    },
    'Polling or its options': {maxHttpBufferSize: 'number'},
    'Polling that has a request': {res: 'object'},
    'Polling that is closing': {shouldClose: 'function'},
    WebSocket: {socket: 'object'},
  },
  ws: {
    WebSocket: {_receiver: 'object', pong: 'function'},
    Receiver: {_maxPayload: 'number'},
  },
} as const satisfies Record<string, Record<string, PrivateParts>>;

type Packages = typeof PRIVATE_PARTS;

/**
 * Checks that an object of an installed package has the parts of its class.
 *
 * @param only - Checks only parts of that type.
 * @throws Error that names a missing part.
 */
export function check<Name extends keyof Packages>(
  packageName: Name,
  owner: keyof Packages[Name] & string,
  found: object,
  only?: 'function',
): void {
  const parts = Object.entries(PRIVATE_PARTS[packageName][owner] as PrivateParts);
  const checked = parts.filter(([, type]) => !only || only === type);
  const [name] = owner.split(' ');
  checkParts(packageName, name, found, Object.fromEntries(checked));
}

/** Runs code that fails when the package lacks a part. */
export async function attempt<Result>(
  packageName: keyof Packages,
  owner: string,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    return refuseVersion(packageName, owner, error);
  }
}

/**
 * Replaces functions of an object, as this package does.
 *
 * @returns A function that refuses the version when one of them was not called.
 */
export function expectCalls(
  packageName: keyof Packages,
  owner: string,
  object: object,
  names: readonly string[],
): () => void {
  const called = new Set<string>();
  for (const name of names) {
    const method = Reflect.get(object, name) as (...args: unknown[]) => unknown;
    const replaced = (...args: unknown[]): unknown => {
      called.add(name);
      return method.apply(object, args);
    };
    Reflect.set(object, name, replaced);
  }
  return () => {
    for (const name of names)
      if (!called.has(name)) refuseVersion(packageName, `${owner}.${name}`);
  };
}
