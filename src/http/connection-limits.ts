import type {IncomingMessage} from 'node:http';
import type {Socket} from 'socket.io';
import {toExpressRequest} from '../context/express-request';
import type {ExpressApp} from '../context/express-request';
import type {Report} from '../common/guarded';
import type {UnauthenticatedCount} from '../engine/deadlines';
import type {ComponentOptions} from '../options/component-options';

type Connection = Socket['conn'];

/** Refuses connections before they are made; the clients reconnect automatically. */
export class ConnectionLimits implements UnauthenticatedCount {
  unauthenticated = 0;
  /** True while the server stops: every connection is refused. */
  closed = false;
  private readonly addresses = new Map<string, number>();
  /** Addresses of requests that are counted and have no connection yet. */
  private readonly reserved = new Map<IncomingMessage, string | undefined>();

  constructor(
    private readonly options: () => ComponentOptions,
    private readonly express: () => ExpressApp,
    private readonly report: Report,
  ) {}

  /**
   * Counts a request as the connection that it asks for, so that requests that are decided at the same time
   * cannot exceed the limit.
   *
   * @returns The reason when it is refused.
   */
  reserve(request: IncomingMessage): string | undefined {
    if (this.closed) return 'The server is stopping.';
    const {maxUnauthenticated, maxConnectionsPerAddress: most} = this.options();
    if (maxUnauthenticated !== false && this.unauthenticated >= maxUnauthenticated) {
      return 'Too many connections are not authenticated.';
    }
    const address = most === false ? undefined : this.addressOf(request);
    if (most !== false) {
      if (address === undefined) return 'Internal Server Error';
      const many = (this.addresses.get(address) ?? 0) >= most;
      if (many) return 'Too many connections from this address.';
    }
    this.unauthenticated++;
    this.add(address, 1);
    this.reserved.set(request, address);
    return undefined;
  }

  /** Releases a request that is refused, or that has become a connection. */
  release(request: IncomingMessage): void {
    if (!this.reserved.has(request)) return;
    this.unauthenticated--;
    this.add(this.reserved.get(request), -1);
    this.reserved.delete(request);
  }

  /** Counts a connection by its address until it closes. */
  count(connection: Connection): void {
    if (this.options().maxConnectionsPerAddress === false) return;
    const address = this.addressOf(connection.request);
    this.add(address, 1);
    connection.once('close', () => this.add(address, -1));
  }

  private add(address: string | undefined, change: 1 | -1): void {
    if (address === undefined) return;
    const count = (this.addresses.get(address) ?? 0) + change;
    if (count > 0) this.addresses.set(address, count);
    else this.addresses.delete(address);
  }

  /** Returns `undefined` when the application's `trust proxy` function fails. */
  private addressOf(request: IncomingMessage): string | undefined {
    try {
      return toExpressRequest(request, this.express).ip ?? '';
    } catch (error) {
      this.report(error, 'trust proxy');
      return undefined;
    }
  }
}
