import {BindingScope, injectable} from '@loopback/core';
import {repository} from '@loopback/repository';
import {HttpErrors} from '@loopback/rest';
import {randomBytes, scrypt as scryptWithCallback, timingSafeEqual} from 'node:crypto';
import {promisify} from 'node:util';
import type {AccessToken, Role, User} from '../models';
import {AccessTokenRepository, UserRepository} from '../repositories';

const scrypt = promisify<string, Buffer, number, Buffer>(scryptWithCallback);
const KEY_LENGTH = 32;

/** What a client logs in with. */
export interface LoginRequest {
  email: string;
  password: string;
}

/** What a client authenticates its sockets with: the answer to its log-in. */
export interface TokenReference {
  id: string;
  userId: number;
}

export interface NewUser extends LoginRequest {
  name: string;
  role: Role;
}

/** Registers users, and tells who someone is by password or by token. */
@injectable({scope: BindingScope.TRANSIENT})
export class UserService {
  constructor(
    @repository(UserRepository) private readonly users: UserRepository,
    @repository(AccessTokenRepository) private readonly tokens: AccessTokenRepository,
  ) {}

  async register({password, ...user}: NewUser): Promise<User> {
    return this.users.create({...user, passwordHash: await hash(password)});
  }

  async login({email, password}: LoginRequest): Promise<AccessToken> {
    const user = await this.users.findOne({where: {email}});
    if (!user || !(await matches(password, user.passwordHash))) {
      throw new HttpErrors.Unauthorized('Wrong e-mail or password.');
    }
    const id = randomBytes(32).toString('base64url');
    return this.tokens.create({id, userId: user.id});
  }

  async findByToken(reference?: Partial<TokenReference> | null): Promise<User> {
    // A socket can send anything: only a string is looked up, as an object would be a query.
    const id = typeof reference?.id === 'string' ? reference.id : '';
    const token = await this.tokens.findOne({where: {id}});
    if (!token || token.userId !== reference?.userId) {
      throw new HttpErrors.Unauthorized('Token not found.');
    }
    return this.users.findById(token.userId);
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
