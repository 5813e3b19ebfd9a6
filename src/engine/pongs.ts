import {WebSocket, WebSocketServer} from 'ws';
import type {ServerOptions} from 'ws';

/** Most PONGs of a connection that may wait for its client to read them. */
const MAX_WAITING_PONGS = 16;

type Data = Parameters<WebSocket['pong']>[0];

/** The PONGs of one connection. */
interface Pongs {
  /** How many the system has not taken yet. */
  waiting: number;
  /** The data of the last PING that has no PONG yet. */
  last: Buffer | undefined;
}

/**
 * Bounds the PONGs that wait for a client that sends PINGs and does not read. Of more than a few only the
 * last is sent, as RFC 6455 (section 5.5.3) allows.
 */
export class PongingWebSocket extends WebSocket {
  private pongs?: Pongs;

  /** Called by `ws` with each PING's data. */
  override pong(data?: Data, mask?: boolean, done?: (error: Error) => void): void {
    const pongs = (this.pongs ??= {waiting: 0, last: undefined});
    if (pongs.waiting >= MAX_WAITING_PONGS) {
      // A copy, because the data is part of all that was read with it.
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

/** For socket.io's option `wsEngine`, where writes are not coalesced. */
export class PongingServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({...options, WebSocket: PongingWebSocket});
  }
}
