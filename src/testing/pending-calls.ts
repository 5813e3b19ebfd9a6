import type {Socket} from 'socket.io-client';
import {SocketEvents} from '../wire/protocol';
import type {TestCallOptions} from './calls';
import {PendingCall} from './pending-call';

/** The error of calls that have no connection any more. */
type Fault = Parameters<PendingCall['fail']>;

const DISCONNECTED: Fault = [503, 'DISCONNECTED', 'lost its connection'];
const CLOSED: Fault = [499, 'CLOSED', 'has no connection, because the client is closed'];

/** The calls of a client that are not settled. They wait until the client is authenticated. */
export class PendingCalls {
  private readonly calls = new Set<PendingCall>();
  private authenticated = false;
  /** Set when the client does not come back by itself. */
  private ended: Fault | undefined;

  constructor(private readonly socket: Socket) {
    socket.on(SocketEvents.AUTHENTICATED, () => {
      this.authenticated = true;
      this.ended = undefined;
      for (const call of this.calls) call.send();
    });
    socket.on('disconnect', reason => this.disconnected(reason));
  }

  /** Sends a call when the client is authenticated, and returns its result. */
  send(method: string, args: unknown, options: TestCallOptions = {}): Promise<unknown> {
    const call = new PendingCall(this.socket, method, args, options, settled =>
      this.calls.delete(settled),
    );
    this.calls.add(call);
    if (options.signal?.aborted) call.cancel();
    else if (this.ended) call.fail(...this.ended);
    else if (this.authenticated) call.send();
    return call.result;
  }

  /** Ends all calls, and those to come. A test that closes its client need not wait for them. */
  close(): void {
    this.ended = CLOSED;
    for (const call of this.calls) {
      call.result.catch(() => undefined);
      call.fail(...CLOSED);
    }
  }

  private disconnected(reason: string): void {
    this.authenticated = false;
    if (reason === 'io server disconnect') this.ended = DISCONNECTED;
    for (const call of this.calls) {
      const isLost = call.sent && !call.isRepeatable;
      if (isLost || this.ended) call.fail(...DISCONNECTED);
      call.sent = false;
    }
  }
}
