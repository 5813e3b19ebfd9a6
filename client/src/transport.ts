import {Manager} from 'socket.io-client';
import type {Socket} from 'socket.io-client';
import type {SocketClientOptions} from './options';

/** Sends an event; a function as the last argument gets the answer. Returns false when it is not connected. */
export type Emit = (name: string, ...args: unknown[]) => boolean;

/** A connection, and the namespaces that it has carried. */
interface Transport {
  readonly manager: Manager;
  readonly namespaces: Set<string>;
}

/** The last connection to each address. */
const transports = new Map<string, Transport>();

/** Where relative addresses begin. Outside of browsers, as in server-side rendering, they lead nowhere. */
const {location: page = {href: 'http://localhost'}} = globalThis as {
  location?: {href: string};
};

/**
 * Makes a client's socket. Clients of different namespaces of a server share a connection; the options of the first
 * one hold. A second client of one namespace gets another connection, as it may be another user.
 */
export function makeSocket(url: string, options: SocketClientOptions['io'] = {}): Socket {
  const {href, origin, pathname, search} = new URL(url, page.href);
  const namespace = decodeURI(pathname);
  const address = [origin, search, options.path].join();
  let transport = transports.get(address);
  if (!transport || options.forceNew || transport.namespaces.has(namespace)) {
    // The client decides when to come back: socket.io knows no refusals.
    const own = {...options, autoConnect: false, reconnection: false};
    transport = {manager: new Manager(href, own), namespaces: new Set()};
    if (!options.forceNew) transports.set(address, transport);
  }
  transport.namespaces.add(namespace);
  return transport.manager.socket(namespace, options);
}
