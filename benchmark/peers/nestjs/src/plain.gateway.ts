import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type {Server, Socket} from 'socket.io';
import {find, findUser} from '../../../job.cjs';
import type {Credentials, FindArgs, User} from '../../../job.cjs';

@WebSocketGateway()
export class PlainGateway {
  @WebSocketServer()
  io: Server;

  @SubscribeMessage('authentication')
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

  @SubscribeMessage('find')
  async find(@ConnectedSocket() socket: Socket, @MessageBody() args: FindArgs) {
    return {result: find(args, socket.data.user as User)};
  }
}
