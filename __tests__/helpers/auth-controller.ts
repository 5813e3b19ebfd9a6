import type {UserProfile} from '@loopback/security';
import {socketAuth} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {authenticateByToken} from './app';

export interface Credentials {
  token?: string;
  name?: string;
}

/** Authenticates by `{token: 'ok'}`; the user's name is the credentials' `name`. */
export class AuthController {
  @socketAuth()
  authenticate(socket: Socket, credentials: Credentials): UserProfile | undefined {
    return authenticateByToken(socket, credentials) as UserProfile | undefined;
  }
}
