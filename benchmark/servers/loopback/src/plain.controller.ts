import {socketAuth, socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {find} from '../../../job.cjs';
import type {Credentials, FindArgs, User} from '../../../job.cjs';
import {findProfile} from './users';

/** A decorated method and nothing else. */
export class PlainController {
  @socketAuth()
  async authenticate(socket: Socket, credentials: Credentials) {
    const user = findProfile(credentials);
    (socket.data as {user?: User}).user = user;
    return user;
  }

  @socketMethod('find')
  async find(socket: Socket, _credentials: unknown, args: FindArgs) {
    return find(args, (socket.data as {user: User}).user);
  }
}
