import type {UserService as AuthenticationUserService} from '@loopback/authentication';
import {BindingScope, injectable} from '@loopback/core';
import {repository} from '@loopback/repository';
import {HttpErrors} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {randomBytes, scrypt as scryptWithCallback, timingSafeEqual} from 'node:crypto';
import {promisify} from 'node:util';
import type {Role, User} from '../models';
import {UserRepository} from '../repositories';
import type {Identity} from './token.service';

const scrypt = promisify<string, Buffer, number, Buffer>(scryptWithCallback);
const KEY_LENGTH = 32;

/** The body of a login request. */
export interface Login {
  email: string;
  password: string;
}

export interface NewUser extends Login {
  name: string;
  role: Role;
}

/** Registers users, and verifies their passwords. */
@injectable({scope: BindingScope.TRANSIENT})
export class UserService implements AuthenticationUserService<User, Login> {
  constructor(@repository(UserRepository) private readonly users: UserRepository) {}

  async register({password, ...user}: NewUser): Promise<User> {
    return this.users.create({...user, passwordHash: await hash(password)});
  }

  async verifyCredentials({email, password}: Login): Promise<User> {
    const user = await this.users.findOne({where: {email}});
    if (!user || !(await matches(password, user.passwordHash))) {
      throw new HttpErrors.Unauthorized('Wrong e-mail or password.');
    }
    return user;
  }

  convertToUserProfile({id, name, role}: User): Identity {
    return {[securityId]: String(id), name, role};
  }
}

async function hash(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await scrypt(password, salt, KEY_LENGTH);
  return `${salt.toString('hex')}:${key.toString('hex')}`;
}

async function matches(password: string, passwordHash: string): Promise<boolean> {
  const [salt, key] = passwordHash.split(':').map(part => Buffer.from(part, 'hex'));
  return timingSafeEqual(key, await scrypt(password, salt, KEY_LENGTH));
}
