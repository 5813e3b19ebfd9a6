import {SocketIoApplication, SocketIoBindings, socketio} from '@loopback/socketio';
import type {Server, Socket} from 'socket.io';
import {copyMethods} from '../../../copy-methods.cjs';
import {find, findUser} from '../../../job.cjs';
import type {
  Credentials,
  FindArgs,
  RunningServer,
  StartOptions,
  User,
} from '../../../job.cjs';
import {socketIoServer} from '../../../servers/socket-io.cjs';

/** There is one for each connection. */
class Controller {
  private user: User;

  constructor(@socketio.socket() private socket: Socket) {}

  @socketio.subscribe('authentication')
  authenticate(credentials: Credentials) {
    const user = findUser(credentials);
    if (!user) {
      this.socket.disconnect(true);
      return;
    }
    this.user = user;
    this.socket.emit('authenticated', true);
  }

  @socketio.subscribe('find')
  async find(args: FindArgs) {
    return find(args, this.user);
  }
}

export async function start({methods}: StartOptions): Promise<RunningServer> {
  copyMethods(Controller, methods, (prototype, name, descriptor) =>
    socketio.subscribe(name)(prototype, name, descriptor),
  );
  const app = new SocketIoApplication({
    httpServerOptions: {host: '127.0.0.1', port: 0},
  });
  app.socketServer.route(Controller);
  await app.start();
  const io = app.getSync<Server>(SocketIoBindings.IO);
  return socketIoServer(io.of('/'), Number(new URL(app.socketServer.url ?? '').port));
}
