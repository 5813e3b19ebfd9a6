import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {find, findUser} from '../job.cjs';
import {listen} from './socket-io.cjs';

const require = createRequire(import.meta.resolve('loopback4-socket'));
const socketIo = createRequire(require.resolve('socket.io'));
const {WebSocketServer} = createRequire(socketIo.resolve('engine.io'))('ws');

/** No socket.io at all: JSON over a plain websocket. */
export async function start() {
  const http = createServer();
  const server = new WebSocketServer({server: http});
  server.on('connection', socket => {
    let user;
    socket.on('message', data => {
      const {id, credentials, args} = JSON.parse(data);
      if (user) {
        socket.send(JSON.stringify({id, result: find(args, user)}));
        return;
      }
      user = findUser(credentials);
      if (user) socket.send('{"authenticated":true}');
      else socket.close();
    });
  });
  const send = (socket, message) => socket.send(message);
  const encode = message => JSON.stringify({news: message});
  return {
    port: await listen(http),
    broadcast: message => {
      const encoded = encode(message);
      for (const socket of server.clients) send(socket, encoded);
    },
    senders: () =>
      Array.from(server.clients, socket => message => send(socket, encode(message))),
  };
}
