import {Manager} from 'socket.io-client';
import type {Socket} from 'socket.io-client';
import type {SocketClientOptions} from './options';

/** A connection that several clients use, each in a namespace of its own. */
interface Transport {
  readonly address: string;
  readonly manager: Manager;
  /** The namespaces that it has carried. A second client of one gets another connection, as it may be another user. */
  readonly namespaces: Set<string>;
  users: number;
}

const transports = new Set<Transport>();

/** Undefined outside of browsers. */
const {location: page} = globalThis as {location?: Location};

/** A client's socket on a connection, and how to give it back. */
export interface Acquired {
  readonly socket: Socket;
  readonly release: () => void;
}

/** Shares the connection of other clients to the same address where it can. The first one's options hold. */
export function acquireSocket(
  url: string,
  options: SocketClientOptions['io'] = {},
): Acquired {
  const {origin, pathname, search} = new URL(url, page?.href);
  const address = origin + search + (options.path ?? '');
  let transport = [...transports].find(
    one => one.address === address && !one.namespaces.has(pathname),
  );
  if (!transport || options.forceNew) {
    // The client decides when to come back: socket.io knows no refusals.
    const own = {autoConnect: false, reconnection: false};
    const manager = new Manager(origin + search, {...options, ...own});
    transport = {address, manager, namespaces: new Set(), users: 0};
    transports.add(transport);
  }
  const used = transport;
  used.namespaces.add(pathname);
  used.users++;
  return {
    socket: used.manager.socket(pathname, {auth: options.auth}),
    release: () => {
      if (--used.users === 0) transports.delete(used);
    },
  };
}
