import type {Application, Subscription} from '@loopback/core';
import {ControllerScanner, isSocketController} from '../invocation/controller-scanner';
import {debugHandlers} from './debug-lines';
import type {Endpoint} from './endpoint';
import {messageOf} from './problem-log';
import {SocketServer} from './socket.server';

/** Gives each server the handlers of the decorated controllers. */
export class Controllers {
  readonly scanner: ControllerScanner;
  private subscription: Subscription | undefined;

  constructor(
    private readonly app: Application,
    private readonly endpoints: ReadonlyMap<string, Endpoint>,
  ) {
    this.scanner = new ControllerScanner(app);
  }

  /**
   * Reads all controllers again, and creates the servers that they name.
   *
   * @returns What is wrong with them, a sentence each.
   */
  apply(): string[] {
    const {servers, problems} = this.scanner.scan();
    const all = [...problems];
    for (const [name, {namedBy}] of servers) {
      try {
        SocketServer.get(this.app, name);
      } catch (error) {
        all.push(`${namedBy} names server "${name}". ${messageOf(error)}`);
      }
    }
    for (const [name, endpoint] of this.endpoints) {
      endpoint.handlers.replaceDecorated(servers.get(name));
      debugHandlers(name, endpoint.handlers);
    }
    return all;
  }

  /** Calls `changed` whenever a decorated controller is bound or unbound. */
  watch(changed: () => Promise<void>): void {
    this.subscription ??= this.app.subscribe({
      filter: isSocketController,
      observe: changed,
    });
  }

  unwatch(): void {
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }
}
