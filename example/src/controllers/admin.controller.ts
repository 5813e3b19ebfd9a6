import {authenticate} from '@loopback/authentication';
import {authorize} from '@loopback/authorization';
import {inject} from '@loopback/core';
import {model, property, repository} from '@loopback/repository';
import {del, get, param, post, requestBody} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import {
  SocketBindings,
  socketAuth,
  socketController,
  socketEvent,
  socketMethod,
} from 'loopback4-socket';
import {Message, Question} from '../events';
import type {AdminServer, MemberServer} from '../events';
import {Text} from '../models';
import {CatalogRecordRepository} from '../repositories';
import type {Identity} from '../services';

@model()
export class Statistics {
  @property({
    type: 'number',
    required: true,
    description: 'Authenticated sockets of the default server.',
  })
  sockets: number;

  @property({type: 'number', required: true})
  records: number;
}

@model()
export class Deletion {
  @property({
    type: 'boolean',
    required: true,
    description: 'False when the admin has answered no.',
  })
  deleted: boolean;
}

/** The methods of admins, over REST and on the socket server `admin`, in namespace `/admin`. */
@socketController({server: 'admin'})
@authenticate('jwt')
@authorize({allowedRoles: ['admin']})
@socketEvent('confirm', {
  payload: Question,
  answer: {type: 'boolean'},
  summary: 'Asks the admin a question.',
})
export class AdminController {
  constructor(
    @repository(CatalogRecordRepository)
    private readonly records: CatalogRecordRepository,
    @inject(SocketBindings.server()) private readonly members: MemberServer,
    @inject(SocketBindings.server('admin')) private readonly admins: AdminServer,
  ) {}

  /** The decorators of the class apply here too: a user who is not an admin is refused. */
  @socketAuth()
  authenticate(@inject(SecurityBindings.USER) user: Identity): Identity {
    return user;
  }

  @get('/statistics')
  @socketMethod({result: Statistics, summary: 'Counts sockets and records.'})
  async getStatistics(): Promise<Statistics> {
    const [sockets, {count}] = await Promise.all([
      this.members.io.fetchSockets(),
      this.records.count(),
    ]);
    return {sockets: sockets.length, records: count};
  }

  @post('/announcements')
  @socketMethod({summary: 'Sends a text to all sockets of the default server.'})
  announce(
    @requestBody({required: true}) {text}: Text,
    @inject(SecurityBindings.USER) user: Identity,
  ): Message {
    const announcement = {text, from: user.name};
    this.members.emit('announcement', announcement);
    return announcement;
  }

  @del('/records/{id}')
  @socketMethod({
    result: Deletion,
    summary: 'Deletes a record, when the admin confirms it.',
    description: 'It asks on each open page of the admin. The first answer counts.',
  })
  async deleteRecord(
    @param.path.integer('id') id: number,
    @inject(SecurityBindings.USER) user: Identity,
    @inject(SocketBindings.SIGNAL, {optional: true}) signal?: AbortSignal,
  ): Promise<Deletion> {
    const {name} = await this.records.findById(id);
    const question = `Delete "${name}"?`;
    const deleted = await this.admins.askUser(
      user[securityId],
      'confirm',
      {question},
      {schema: {type: 'boolean'}, cancellable: true, signal},
    );
    if (deleted) await this.records.deleteById(id);
    return {deleted};
  }
}
