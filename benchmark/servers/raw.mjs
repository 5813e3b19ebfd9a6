import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {find, findUser, methodNames} from '../job.cjs';
import {CoalescingWebSocketServer} from './coalescing-websocket.mjs';
import {listen, socketIoServer} from './socket-io.cjs';

// The copy that loopback4-socket uses.
const {Server} = createRequire(import.meta.resolve('loopback4-socket'))('socket.io');

/** socket.io by hand: what is compared against. */
export async function start({methods, coalesce}) {
  const http = createServer();
  const io = new Server(http, coalesce ? {wsEngine: CoalescingWebSocketServer} : {});
  const names = methodNames(methods);
  io.on('connection', socket => {
    socket.once('authentication', async credentials => {
      const user = findUser(credentials);
      if (!user) {
        socket.disconnect(true);
        return;
      }
      for (const name of names) {
        socket.on(name, async (args, ack) => {
          try {
            ack({result: find(args, user)});
          } catch (error) {
            ack({error: {message: error.message}});
          }
        });
      }
      socket.emit('authenticated', true);
    });
  });
  return socketIoServer(io.of('/'), await listen(http));
}
