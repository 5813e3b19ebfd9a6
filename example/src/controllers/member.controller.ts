import {authenticate} from '@loopback/authentication';
import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, param, post, requestBody} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import {onSocketConnected, SocketBindings, socketMethod} from 'loopback4-socket';
import type {MemberServer, MemberSocket, Message} from '../events';
import {Text} from '../models';
import type {CatalogRecord, User} from '../models';
import {CatalogRecordRepository, UserRepository} from '../repositories';
import type {Identity} from '../services';

/** The methods of all users, over REST and on the default socket server. */
@authenticate('jwt')
export class MemberController {
  constructor(
    @repository(UserRepository) private readonly users: UserRepository,
    @repository(CatalogRecordRepository)
    private readonly records: CatalogRecordRepository,
    @inject(SocketBindings.server()) private readonly server: MemberServer,
  ) {}

  @onSocketConnected()
  welcome(
    socket: MemberSocket,
    @inject(SecurityBindings.USER) {name, role}: Identity,
  ): void {
    socket.emit('welcome', {name, role});
  }

  @get('/users/me')
  @socketMethod()
  async getProfile(@inject(SecurityBindings.USER) user: Identity): Promise<User> {
    return this.users.findById(Number(user[securityId]));
  }

  @get('/records')
  @socketMethod()
  async getRecords(
    @param.query.integer('skip', {schema: {type: 'integer', minimum: 0}}) skip?: number,
    @param.query.integer('limit', {schema: {type: 'integer', minimum: 1}}) limit?: number,
  ): Promise<CatalogRecord[]> {
    return this.records.find({skip, limit, order: ['id ASC']});
  }

  /** Emits to all sockets of one user. */
  @post('/users/{id}/messages')
  @socketMethod()
  async sendMessage(
    @param.path.integer('id') id: number,
    @requestBody({required: true}) {text}: Text,
    @inject(SecurityBindings.USER) user: Identity,
  ): Promise<Message> {
    await this.users.findById(id);
    const message = {text, from: user.name};
    this.server.toUser(String(id)).emit('message', message);
    return message;
  }
}
