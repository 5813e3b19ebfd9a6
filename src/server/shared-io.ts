import type {Application} from '@loopback/core';
import type {Server as IoServer} from 'socket.io';
import {expressOf} from '../context/express-request';
import {SocketListener} from '../http/listener';
import {findHttpTarget, NOTHING_LISTENS, rootUrlOf} from '../http/target';
import {leaveUnclaimed, refuseUnclaimed} from '../namespace/claims';
import {DEFAULT_SOCKET_COMPONENT_OPTIONS} from '../options/component-options';
import type {ComponentOptions} from '../options/component-options';
import {readComponentOptions} from '../options/read-options';
import {debugAttached, debugDetached} from './debug-lines';
import type {ProblemLog} from './problem-log';

/** The socket.io server that all named servers share, and its place on an HTTP server. */
export class SharedIo {
  /** `undefined` until it is first used. */
  listener: SocketListener | undefined;
  private attaching: Promise<void> | undefined;
  /** The component's options at the last start. */
  private options: ComponentOptions = DEFAULT_SOCKET_COMPONENT_OPTIONS;

  /**
   * @param longestTimeout - Returns how many ms a connection may have no authenticated socket; `undefined` for
   * no limit.
   */
  constructor(
    private readonly app: Application,
    private readonly log: ProblemLog,
    private readonly longestTimeout: () => number | undefined,
  ) {}

  /** @throws Error before `app.init()`. */
  get io(): IoServer {
    const listener = this.use();
    if (!listener) {
      throw new Error(
        'SocketBindings.IO does not exist yet. Use it after app.init(), or inject it in an observer.',
      );
    }
    return listener.io;
  }

  /** Makes the listener at its first use, which may be in the constructor of an observer. */
  use(): SocketListener | undefined {
    return this.app.state === 'created' ? this.listener : this.make();
  }

  make(): SocketListener {
    if (this.listener) return this.listener;
    const listener = new SocketListener(readComponentOptions(this.app), {
      options: () => this.options,
      timeout: this.longestTimeout,
      express: () => expressOf(this.app),
      report: this.log.log,
    });
    refuseUnclaimed(listener.io.of('/'));
    leaveUnclaimed(listener.io);
    this.listener = listener;
    return listener;
  }

  /** Returns what is wrong with the option `io`, if anything. */
  problems(): string[] {
    const {io} = readComponentOptions(this.app);
    if (!this.listener || io === this.listener.initial.io) return [];
    return [
      'SocketComponent: `io` was configured too late. Configure it before app.init().',
    ];
  }

  /**
   * Attaches the listener to the HTTP server, unless it is attached already.
   *
   * @throws Error when there is no HTTP server to share, or when the listener cannot listen.
   */
  async attach(listener: SocketListener): Promise<void> {
    this.attaching ??= this.attachNow(listener);
    try {
      await this.attaching;
    } catch (error) {
      this.attaching = undefined;
      throw error;
    }
  }

  private async attachNow(listener: SocketListener): Promise<void> {
    this.options = readComponentOptions(this.app);
    listener.limits.closed = false;
    const target = await findHttpTarget(this.app, this.options.http);
    if (target) await listener.attach(target);
    else if (!listener.server) this.log.warn(NOTHING_LISTENS);
    debugAttached(() => rootUrlOf(listener.server));
  }

  /** Refuses new connections. */
  refuseConnections(): void {
    if (this.listener) this.listener.limits.closed = true;
  }

  /** Closes all connections, and leaves the HTTP server. */
  async close(): Promise<void> {
    if (this.attaching) debugDetached();
    this.attaching = undefined;
    await this.listener?.close();
  }
}
