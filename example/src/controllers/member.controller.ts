import {authenticate} from '@loopback/authentication';
import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, getModelSchemaRef, param, post, requestBody} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import {
  onSocketConnected,
  SocketBindings,
  socketEvent,
  socketMethod,
} from 'loopback4-socket';
import {Member, Message} from '../events';
import type {MemberServer, MemberSocket} from '../events';
import {CatalogRecord, Text, User} from '../models';
import {CatalogRecordRepository, UserRepository} from '../repositories';
import type {Identity} from '../services';

// The document and its types need the results, which TypeScript's `Promise<…>` does not tell.
const USER = getModelSchemaRef(User, {exclude: ['passwordHash']});
const RECORDS = {type: 'array', items: getModelSchemaRef(CatalogRecord)} as const;

/** The methods of all users, over REST and on the default socket server. */
@authenticate('jwt')
@socketEvent('welcome', {payload: Member, summary: 'The socket is authenticated.'})
@socketEvent('announcement', {payload: Message, summary: 'An admin tells everybody.'})
@socketEvent('message', {payload: Message, summary: 'Another user has written.'})
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
  @socketMethod({result: USER, summary: 'Returns the user.'})
  async getProfile(@inject(SecurityBindings.USER) user: Identity): Promise<User> {
    return this.users.findById(Number(user[securityId]));
  }

  @get('/records')
  @socketMethod({result: RECORDS, summary: 'Returns a page of the catalog.'})
  async getRecords(
    @param.query.integer('skip', {schema: {type: 'integer', minimum: 0}}) skip?: number,
    @param.query.integer('limit', {schema: {type: 'integer', minimum: 1}}) limit?: number,
  ): Promise<CatalogRecord[]> {
    return this.records.find({skip, limit, order: ['id ASC']});
  }

  @post('/users/{id}/messages')
  @socketMethod({result: Message, summary: 'Sends a message to all sockets of a user.'})
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
