import 'reflect-metadata';
import {createServer} from 'node:http';
import {
  ConnectedSocket,
  MessageAck,
  MessageBody,
  OnMessage,
  SocketController,
  SocketControllers,
} from 'socket-controllers';
import {Server, Socket} from 'socket.io';
import {Container, Service} from 'typedi';
import {copyMethods} from '../../../copy-methods.cjs';
import {find, findUser} from '../../../job.cjs';
import type {
  Credentials,
  FindArgs,
  RunningServer,
  StartOptions,
  User,
} from '../../../job.cjs';
import {listen, socketIoServer} from '../../../servers/socket-io.cjs';

type Ack = (reply: unknown) => void;

@SocketController()
@Service()
class Controller {
  @OnMessage('authentication')
  authenticate(
    @ConnectedSocket() socket: Socket,
    @MessageBody() credentials: Credentials,
  ) {
    const user = findUser(credentials);
    if (!user) {
      socket.disconnect(true);
      return;
    }
    socket.data.user = user;
    socket.emit('authenticated', true);
  }

  @OnMessage('find')
  async find(
    @ConnectedSocket() socket: Socket,
    @MessageBody() args: FindArgs,
    @MessageAck() ack: Ack,
  ) {
    ack({result: find(args, socket.data.user as User)});
  }
}

export async function start({methods}: StartOptions): Promise<RunningServer> {
  copyMethods(Controller, methods, (prototype, name) => {
    ConnectedSocket()(prototype, name, 0);
    MessageBody()(prototype, name, 1);
    MessageAck()(prototype, name, 2);
    OnMessage(name)(prototype, name);
  });
  const http = createServer();
  const io = new Server(http);
  new SocketControllers({io, container: Container, controllers: [Controller]});
  return socketIoServer(io.of('/'), await listen(http));
}
