import {UseGuards, UsePipes, ValidationPipe} from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type {Server, Socket} from 'socket.io';
import {find, findUser} from '../../../job.cjs';
import type {Credentials, User} from '../../../job.cjs';
import {AuthenticatedGuard} from './authenticated.guard';
import {FindArgsDto} from './find-args.dto';

@WebSocketGateway()
export class FullGateway {
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

  @UseGuards(AuthenticatedGuard)
  @UsePipes(new ValidationPipe())
  @SubscribeMessage('find')
  async find(@ConnectedSocket() socket: Socket, @MessageBody() args: FindArgsDto) {
    return {result: find(args, socket.data.user as User)};
  }
}
