import type {TokenService} from '@loopback/authentication';
import {TokenServiceBindings} from '@loopback/authentication-jwt';
import {inject, service} from '@loopback/core';
import {post, requestBody, response} from '@loopback/rest';
import type {SchemaObject} from '@loopback/rest';
import {UserService} from '../services';
import type {Login} from '../services';

const LOGIN: SchemaObject = {
  type: 'object',
  required: ['email', 'password'],
  additionalProperties: false,
  properties: {
    email: {type: 'string', format: 'email'},
    password: {type: 'string', maxLength: 200},
  },
};

const TOKEN: SchemaObject = {
  type: 'object',
  required: ['token'],
  properties: {token: {type: 'string'}},
};

/** The log-in over REST. */
export class LoginController {
  constructor(
    @service(UserService) private readonly users: UserService,
    @inject(TokenServiceBindings.TOKEN_SERVICE) private readonly tokens: TokenService,
  ) {}

  @post('/users/login')
  @response(200, {
    description: 'The token for REST requests and for sockets',
    content: {'application/json': {schema: TOKEN}},
  })
  async login(
    @requestBody({required: true, content: {'application/json': {schema: LOGIN}}})
    login: Login,
  ): Promise<{token: string}> {
    const user = await this.users.verifyCredentials(login);
    const profile = this.users.convertToUserProfile(user);
    return {token: await this.tokens.generateToken(profile)};
  }
}
