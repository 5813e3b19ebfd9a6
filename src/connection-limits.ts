import type {Express} from 'express';
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'socket.io';
import {toExpressRequest} from './express-request';
import type {Report} from './faults';

type Connection = Socket['conn'];

/** How many connections there may be. */
export interface ConnectionLimitOptions {
  readonly maxUnauthenticated: number | false;
  readonly maxConnectionsPerAddress: number | false;
}

/** Connections without any authenticated socket, counted. */
export interface UnauthenticatedCount {
  unauthenticated: number;
}

/** Says which connections are refused before they are made; their clients come back by themselves. */
export class ConnectionLimits implements UnauthenticatedCount {
  unauthenticated = 0;
  /** Whether all are, because the server is stopping. */
  closed = false;
  private readonly addresses = new Map<string, number>();

  constructor(
    private readonly options: () => ConnectionLimitOptions,
    private readonly express: () => Express,
    private readonly report: Report,
  ) {}

  /** Why a new connection is refused, if it is. */
  refusalOf(request: IncomingMessage): string | undefined {
    if (this.closed) return 'The server is stopping.';
    const {maxUnauthenticated, maxConnectionsPerAddress: most} = this.options();
    if (maxUnauthenticated !== false && this.unauthenticated >= maxUnauthenticated) {
      return 'Too many connections are not authenticated.';
    }
    if (most === false) return undefined;
    const address = this.addressOf(request);
    if (address === undefined) return 'Internal Server Error';
    const many = (this.addresses.get(address) ?? 0) >= most;
    return many ? 'Too many connections from this address.' : undefined;
  }

  /** Counts a connection by its address until it closes. */
  count(connection: Connection): void {
    if (this.options().maxConnectionsPerAddress === false) return;
    const {addresses} = this;
    const address = this.addressOf(connection.request);
    if (address === undefined) return;
    addresses.set(address, (addresses.get(address) ?? 0) + 1);
    connection.once('close', () => {
      const left = (addresses.get(address) ?? 0) - 1;
      if (left > 0) addresses.set(address, left);
      else addresses.delete(address);
    });
  }

  /** `undefined` where the application's function fails that says which proxies are trusted. */
  private addressOf(request: IncomingMessage): string | undefined {
    try {
      return toExpressRequest(request, this.express).ip ?? '';
    } catch (error) {
      this.report(error, 'trust proxy');
      return undefined;
    }
  }
}
