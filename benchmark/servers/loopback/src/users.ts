import {securityId} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {findUser} from '../../../job.cjs';
import type {Credentials, User} from '../../../job.cjs';

export type Profile = User & UserProfile;

/** The user of a token, as LoopBack wants users to be. */
export function findProfile(credentials: Credentials): Profile | undefined {
  const user = findUser(credentials);
  // Spelled out, because each spread object would have a shape of its own.
  return user && {id: user.id, name: user.name, [securityId]: user.id};
}
