import {service} from '@loopback/core';
import {getModelSchemaRef, post, requestBody, response} from '@loopback/rest';
import {AccessToken} from '../models';
import {UserService} from '../services';
import type {LoginRequest} from '../services';

/** The log-in over REST. */
export class LoginController {
  constructor(@service(UserService) private readonly userService: UserService) {}

  @post('/users/login')
  @response(200, {
    description: 'The access token that sockets authenticate with',
    content: {'application/json': {schema: getModelSchemaRef(AccessToken)}},
  })
  async login(
    @requestBody({
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['email', 'password'],
            additionalProperties: false,
            properties: {
              email: {type: 'string', format: 'email'},
              password: {type: 'string', maxLength: 200},
            },
          },
        },
      },
    })
    request: LoginRequest,
  ): Promise<AccessToken> {
    return this.userService.login(request);
  }
}
