import {authenticate} from '@loopback/authentication';
import {authorize} from '@loopback/authorization';
import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {del, get, param, post, requestBody} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import {
  SocketBindings,
  socketAuth,
  socketController,
  socketMethod,
} from 'loopback4-socket';
import type {AdminServer, MemberServer, Message} from '../events';
import {Text} from '../models';
import {CatalogRecordRepository} from '../repositories';
import type {Identity} from '../services';

export interface Statistics {
  /** Authenticated sockets of the default server. */
  sockets: number;
  records: number;
}

/** The methods of admins, over REST and on the socket server `admin`, in namespace `/admin`. */
@socketController({server: 'admin'})
@authenticate('jwt')
@authorize({allowedRoles: ['admin']})
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
  @socketMethod()
  async getStatistics(): Promise<Statistics> {
    const [sockets, {count}] = await Promise.all([
      this.members.io.fetchSockets(),
      this.records.count(),
    ]);
    return {sockets: sockets.length, records: count};
  }

  /** Emits to all sockets of the default server. */
  @post('/announcements')
  @socketMethod()
  announce(
    @requestBody({required: true}) {text}: Text,
    @inject(SecurityBindings.USER) user: Identity,
  ): Message {
    const announcement = {text, from: user.name};
    this.members.emit('announcement', announcement);
    return announcement;
  }

  /** Asks the admin first, on each open page. The first answer counts. */
  @del('/records/{id}')
  @socketMethod()
  async deleteRecord(
    @param.path.integer('id') id: number,
    @inject(SecurityBindings.USER) user: Identity,
    @inject(SocketBindings.SIGNAL, {optional: true}) signal?: AbortSignal,
  ): Promise<{deleted: boolean}> {
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
