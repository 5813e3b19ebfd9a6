import {Injectable} from '@nestjs/common';
import type {CanActivate, ExecutionContext} from '@nestjs/common';
import type {Socket} from 'socket.io';

@Injectable()
export class AuthenticatedGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const socket = context.switchToWs().getClient<Socket>();
    return (socket.data as {user?: unknown}).user !== undefined;
  }
}
