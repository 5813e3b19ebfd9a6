import {inject} from '@loopback/core';
import {SecurityBindings} from '@loopback/security';
import {socketAuth, socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {find} from '../../../job.cjs';
import type {Credentials, FindArgs} from '../../../job.cjs';
import {findProfile} from './users';
import type {Profile} from './users';

/** One for each call: bound in REQUEST scope. */
export class UnitOfWork {
  constructor(@inject(SecurityBindings.USER, {optional: true}) readonly user: Profile) {}
}

/** Cannot be constructed without a context that belongs to the call. */
export class RequestScopeController {
  constructor(@inject('services.UnitOfWork') private unitOfWork: UnitOfWork) {}

  @socketAuth()
  async authenticate(_socket: Socket, credentials: Credentials) {
    return findProfile(credentials);
  }

  @socketMethod('find')
  async find(_socket: Socket, _credentials: unknown, args: FindArgs) {
    return find(args, this.unitOfWork.user);
  }
}
