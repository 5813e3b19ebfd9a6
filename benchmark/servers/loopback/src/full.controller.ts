import {inject} from '@loopback/core';
import {SecurityBindings} from '@loopback/security';
import {socketAuth, socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {find} from '../../../job.cjs';
import type {Credentials} from '../../../job.cjs';
import {FindArgsModel} from './find-args.model';
import {findProfile} from './users';
import type {Profile} from './users';

/** Args that are checked and a user that is injected; there is a global interceptor as well. */
export class FullController {
  constructor(@inject(SecurityBindings.USER, {optional: true}) private user: Profile) {}

  @socketAuth()
  async authenticate(_socket: Socket, credentials: Credentials) {
    return findProfile(credentials);
  }

  @socketMethod('find', {args: FindArgsModel})
  async find(_socket: Socket, _credentials: unknown, args: FindArgsModel) {
    return find(args, this.user);
  }
}
