import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {findUser, prices, ticks} from '../job.cjs';
import {listen, socketIoServer} from './socket-io.cjs';

// The copy that loopback4-socket uses.
const {Server} = createRequire(import.meta.resolve('loopback4-socket'))('socket.io');

/**
 * socket.io by hand: pushes items as the client grants credit, so that a slow client gets no more than it can take.
 *
 * @param batch - Number of items in one event.
 */
export async function start({batch}) {
  const http = createServer();
  const io = new Server(http);
  io.on('connection', socket => {
    socket.once('authentication', credentials => {
      if (!findUser(credentials)) {
        socket.disconnect(true);
        return;
      }
      socket.on('prices', ({count, credit}) =>
        push(socket, prices(count), batch, credit),
      );
      socket.on('ticks', ({count, interval, credit}) =>
        push(socket, ticks(count, interval), batch, credit),
      );
      socket.emit('authenticated', true);
    });
  });
  return socketIoServer(io.of('/'), await listen(http));
}

/** @param credit - Number of items that the client takes before it grants more. */
async function push(socket, items, batch, credit) {
  let wake = () => {};
  const grant = more => {
    credit += more;
    wake();
  };
  socket.on('credit', grant);
  let ready = [];
  for await (const item of items) {
    if (credit === 0) await new Promise(resolve => (wake = resolve));
    credit--;
    if (batch === 1) {
      socket.emit('item', item);
    } else if (ready.push(item) === batch) {
      socket.emit('items', ready);
      ready = [];
    }
  }
  if (ready.length > 0) socket.emit('items', ready);
  socket.off('credit', grant);
  socket.emit('end');
}
