import {
  AuthenticationComponent,
  registerAuthenticationStrategy,
} from '@loopback/authentication';
import type {AuthenticationStrategy} from '@loopback/authentication';
import type {Application} from '@loopback/core';
import {HttpErrors} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import {securityId} from '@loopback/security';
import type {UserProfile} from '@loopback/security';

/**
 * Knows users by a bearer token of the form `name` or `name:role`; `expired` and `broken` are refused
 * as a JWT would be, and as a strategy with a fault would.
 */
export class TokenStrategy implements AuthenticationStrategy {
  readonly name = 'token';

  authenticate(request: Request): Promise<UserProfile | undefined> {
    const [scheme, token] = (request.get('authorization') ?? '').split(' ');
    if (scheme === '') return Promise.resolve(undefined);
    if (token === 'expired') throw new HttpErrors.Unauthorized('The token has expired.');
    if (token === 'broken') throw new Error('secret');
    const [name, role] = token.split(':');
    return Promise.resolve({[securityId]: name, name, role});
  }
}

/**
 * Gives an application the strategy `token`.
 *
 * @param authenticate - What it does instead.
 */
export function addTokenStrategy(
  app: Application,
  authenticate?: AuthenticationStrategy['authenticate'],
): void {
  app.component(AuthenticationComponent);
  class OtherStrategy extends TokenStrategy {
    override authenticate = authenticate as TokenStrategy['authenticate'];
  }
  registerAuthenticationStrategy(app, authenticate ? OtherStrategy : TokenStrategy);
}
