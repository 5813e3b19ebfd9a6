import {connect} from 'node:net';
import {encodeFrame, PONG, readFrames} from './frames.mjs';

const PING_OPCODE = 9;
const HEAD_END = Buffer.from('\r\n\r\n');

/** One websocket, without a library, so that the server is what limits the load. */
export class Connection {
  /** Gets every message of an open connection: `(chunk, start, end)`. */
  onMessage = () => {};
  /** Runs after all messages of one read: what it returns is written. */
  afterRead = () => undefined;
  #rest;
  #waiting;
  #early = [];
  #open = false;

  constructor(port, path) {
    this.socket = connect({port, host: '127.0.0.1', noDelay: true});
    this.failed = new Promise((_, reject) => {
      this.socket.on('error', reject);
      this.socket.on('close', () =>
        reject(new Error('The server closed the connection.')),
      );
    });
    this.failed.catch(() => {});
    this.socket.on('data', chunk => this.#read(chunk));
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
        'Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Version: 13\r\n\r\n',
    );
  }

  send(text) {
    this.socket.write(encodeFrame(text));
  }

  /** Waits for the next message that starts so, while logging in; others are passed over. */
  next(prefix) {
    const arrived = new Promise(resolve => (this.#waiting = {prefix, resolve}));
    for (const text of this.#early.splice(0)) this.#offer(text);
    return Promise.race([arrived, this.failed]);
  }

  close() {
    this.socket.destroy();
  }

  #read(chunk) {
    if (this.#rest) chunk = Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    if (!this.#open) {
      const end = chunk.indexOf(HEAD_END);
      if (end < 0) {
        this.#rest = chunk;
        return;
      }
      this.#open = true;
      chunk = chunk.subarray(end + HEAD_END.length);
    }
    const read = readFrames(chunk, this.#receive);
    if (read < chunk.length) this.#rest = chunk.subarray(read);
    const next = this.afterRead();
    if (next) this.socket.write(next);
  }

  #receive = (chunk, start, end, opcode) => {
    if (opcode === PING_OPCODE) {
      this.socket.write(encodeFrame(chunk.subarray(start, end), PONG));
    } else if (this.loggedIn) {
      this.onMessage(chunk, start, end);
    } else {
      this.#offer(chunk.toString('utf8', start, end));
    }
  };

  #offer(text) {
    if (!this.#waiting) {
      this.#early.push(text);
    } else if (text.startsWith(this.#waiting.prefix)) {
      const {resolve} = this.#waiting;
      this.#waiting = undefined;
      resolve(text);
    }
  }
}
