import {inject, service} from '@loopback/core';
import {repository} from '@loopback/repository';
import {SecurityBindings} from '@loopback/security';
import {onSocketConnected, socketAuth, socketMethod} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {User} from '../models';
import type {CatalogRecord} from '../models';
import {CatalogRecordRepository, UserRepository} from '../repositories';
import {UserService} from '../services';
import type {TokenReference} from '../services';

export interface RecordPage {
  skip?: number;
  limit?: number;
}

const RECORD_PAGE: SocketSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    skip: {type: 'integer', minimum: 0},
    limit: {type: 'integer', minimum: 1},
  },
};

/** What every user can do, on the default server. */
export class MemberController {
  constructor(
    @service(UserService) private readonly userService: UserService,
    @repository(UserRepository) private readonly users: UserRepository,
    @repository(CatalogRecordRepository)
    private readonly records: CatalogRecordRepository,
  ) {}

  @socketAuth()
  async authenticate(_socket: Socket, token?: TokenReference): Promise<User> {
    return this.userService.findByToken(token);
  }

  @onSocketConnected()
  welcome(socket: Socket, @inject(SecurityBindings.USER) user: User): void {
    socket.emit('welcome', {name: user.name, role: user.role});
  }

  @socketMethod()
  async getProfile(@inject(SecurityBindings.USER) user: User): Promise<User> {
    return this.users.findById(user.id);
  }

  @socketMethod({args: RECORD_PAGE})
  async getRecords(
    _socket: Socket,
    _credentials: TokenReference,
    page: RecordPage,
  ): Promise<CatalogRecord[]> {
    const {skip, limit} = page;
    return this.records.find({skip, limit, order: ['id ASC']});
  }
}
