import type {SocketClient} from 'loopback4-socket-client';
import type {Line} from './line';

type AnyClient = Pick<SocketClient, 'socket'>;

/** The network between the clients of a test and the application, with faults. */
export class TestNetwork {
  private readonly lines = new WeakMap<AnyClient, Line>();

  /** Lets faults reach a client. */
  add(client: AnyClient, line: Line): void {
    this.lines.set(client, line);
  }

  /**
   * Cuts the connection of a client without a closing handshake. The client then reconnects and authenticates
   * again: wait for `client.next('authenticated')`, asked for before the cut.
   *
   * @returns A promise that resolves when the client has noticed.
   */
  async drop(client: AnyClient): Promise<void> {
    const {socket} = client;
    const line = this.lineOf(client);
    const noticed = socket.connected
      ? new Promise(resolve => socket.once('disconnect', resolve))
      : undefined;
    line.cut();
    await noticed;
    line.repair();
  }

  /**
   * Delays all that a client sends and receives from now on.
   *
   * @param ms - In each direction, so that a call takes twice the time; 0 for no delay.
   */
  delay(client: AnyClient, ms: number): void {
    this.lineOf(client).delay = ms;
  }

  private lineOf(client: AnyClient): Line {
    const line = this.lines.get(client);
    if (!line) throw new Error('This client is not one of app.client(…).');
    return line;
  }
}
