import {inject, service} from '@loopback/core';
import {repository} from '@loopback/repository';
import {HttpErrors} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import {
  SocketBindings,
  socketAuth,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {User} from '../models';
import {CatalogRecordRepository} from '../repositories';
import {UserService} from '../services';
import type {TokenReference} from '../services';

export interface Statistics {
  /** Authenticated sockets of the default server. */
  sockets: number;
  records: number;
}

export interface Announcement {
  text: string;
  from: string;
}

const ANNOUNCEMENT: SocketSchema = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: {text: {type: 'string', pattern: '\\S', maxLength: 200}},
};

/** What admins can do, on a server of their own: namespace `/admin`. */
@socketController({server: 'admin'})
export class AdminController {
  constructor(
    @service(UserService) private readonly userService: UserService,
    @repository(CatalogRecordRepository)
    private readonly records: CatalogRecordRepository,
    @inject(SocketBindings.server()) private readonly members: SocketServer,
  ) {}

  @socketAuth()
  async authenticate(_socket: Socket, token?: TokenReference): Promise<User> {
    const user = await this.userService.findByToken(token);
    if (user.role !== 'admin') throw new HttpErrors.Forbidden('For admins only.');
    return user;
  }

  @socketMethod()
  async getStatistics(): Promise<Statistics> {
    const [sockets, {count}] = await Promise.all([
      this.members.io.fetchSockets(),
      this.records.count(),
    ]);
    return {sockets: sockets.length, records: count};
  }

  /** Tells everyone on the default server. */
  @socketMethod({args: ANNOUNCEMENT})
  announce(
    _socket: Socket,
    _credentials: TokenReference,
    {text}: Pick<Announcement, 'text'>,
    @inject(SecurityBindings.USER) user: User,
  ): Announcement {
    const announcement = {text, from: user.name};
    this.members.io.emit('announcement', announcement);
    return announcement;
  }
}
