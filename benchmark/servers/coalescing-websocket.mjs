import {createRequire} from 'node:module';

// The copy that socket.io's engine uses.
const require = createRequire(import.meta.resolve('loopback4-socket'));
const socketIo = createRequire(require.resolve('socket.io'));
const {WebSocket, WebSocketServer} = createRequire(socketIo.resolve('engine.io'))('ws');

/** Holds back what one tick writes, and writes it at once: one system call for many frames. */
class CoalescingWebSocket extends WebSocket {
  send(...args) {
    const socket = this._socket;
    if (socket && socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    super.send(...args);
  }
}

function uncork(socket) {
  socket.uncork();
}

/** For socket.io's option `wsEngine`. */
export class CoalescingWebSocketServer extends WebSocketServer {
  constructor(options) {
    super({...options, WebSocket: CoalescingWebSocket});
  }
}
