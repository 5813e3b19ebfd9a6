import type {TokenService} from '@loopback/authentication';
import {TokenServiceBindings} from '@loopback/authentication-jwt';
import {BindingScope, inject, injectable} from '@loopback/core';
import {HttpErrors} from '@loopback/rest';
import {securityId} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {sign, verify} from 'jsonwebtoken';
import type {JwtPayload, SignOptions} from 'jsonwebtoken';
import type {Role} from '../models';

/** The claims of a token about its user: `SecurityBindings.USER` in REST requests and socket calls. */
export interface Identity extends UserProfile {
  name: string;
  role: Role;
}

/** Makes and verifies tokens. Unlike those of `JWTService`, they contain the user's role. */
@injectable({scope: BindingScope.TRANSIENT})
export class JsonWebTokenService implements TokenService {
  constructor(
    @inject(TokenServiceBindings.TOKEN_SECRET) private readonly secret: string,
    @inject(TokenServiceBindings.TOKEN_EXPIRES_IN) private readonly expiresIn: string,
  ) {}

  async generateToken(user: Identity): Promise<string> {
    return sign({name: user.name, role: user.role}, this.secret, {
      subject: user[securityId],
      expiresIn: this.expiresIn as SignOptions['expiresIn'],
    });
  }

  async verifyToken(token: string): Promise<Identity> {
    try {
      const {sub, name, role} = verify(token, this.secret) as JwtPayload & Identity;
      return {[securityId]: sub ?? '', name, role};
    } catch (error) {
      throw new HttpErrors.Unauthorized(`Token refused: ${(error as Error).message}.`);
    }
  }
}
