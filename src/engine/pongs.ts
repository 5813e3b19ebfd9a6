import {WebSocket, WebSocketServer} from 'ws';
import type {ServerOptions} from 'ws';

/** Most PONGs of a connection that may wait until the client reads them. */
const MAX_WAITING_PONGS = 16;

type Data = Parameters<WebSocket['pong']>[0];

/** The PONGs of one connection. */
interface Pongs {
  /** Number of PONGs that the system has not taken yet. */
  waiting: number;
  /** Data of the last PING without a PONG. */
  last: Buffer | undefined;
}

/**
 * Bounds the PONGs that wait for a client that sends PINGs and does not read. Beyond the limit only the last
 * one is sent, as RFC 6455 (section 5.5.3) allows.
 */
export class PongingWebSocket extends WebSocket {
  private pongs?: Pongs;

  /** Called by `ws` with each PING's data. */
  override pong(data?: Data, mask?: boolean, done?: (error: Error) => void): void {
    const pongs = (this.pongs ??= {waiting: 0, last: undefined});
    if (pongs.waiting >= MAX_WAITING_PONGS) {
      // A copy, because the data is a view of everything that was read with it.
      pongs.last = Buffer.from(data as Buffer);
      return;
    }
    pongs.waiting++;
    super.pong(data, mask, error => {
      pongs.waiting--;
      done?.(error);
      const {last} = pongs;
      pongs.last = undefined;
      if (last && this.readyState === WebSocket.OPEN) this.pong(last, mask);
    });
  }
}

/** The class for socket.io's option `wsEngine` when writes are not coalesced. */
export class PongingServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({...options, WebSocket: PongingWebSocket});
  }
}
