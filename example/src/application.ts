import {asAuthStrategy, AuthenticationComponent} from '@loopback/authentication';
import {
  JWTAuthenticationStrategy,
  TokenServiceBindings,
} from '@loopback/authentication-jwt';
import {AuthorizationComponent, AuthorizationTags} from '@loopback/authorization';
import {BootMixin} from '@loopback/boot';
import {createBindingFromClass} from '@loopback/core';
import type {ApplicationConfig} from '@loopback/core';
import {RepositoryMixin} from '@loopback/repository';
import {RestApplication} from '@loopback/rest';
import {SocketBindings, SocketComponent} from 'loopback4-socket';
import {randomBytes} from 'node:crypto';
import path from 'node:path';
import {ExampleSequence} from './sequence';
import {authorizeByRole, JsonWebTokenService} from './services';

export type {ApplicationConfig};

export class ExampleApplication extends BootMixin(RepositoryMixin(RestApplication)) {
  constructor(options: ApplicationConfig = {}) {
    super(options);

    this.sequence(ExampleSequence);
    this.static('/', path.join(__dirname, '../public'));
    const client = 'client.browser.js';
    this.static(`/${client}`, require.resolve(`loopback4-socket-client/${client}`));

    this.authenticateByToken();
    this.authorizeByRole();

    // These lines add the sockets:
    this.component(SocketComponent);
    this.configure(SocketBindings.server()).to({authentication: {strategy: 'jwt'}});
    this.configure(SocketBindings.server('admin')).to({timeout: 2000});

    this.projectRoot = __dirname;
    this.bootOptions = {
      controllers: {
        dirs: ['controllers'],
        extensions: ['.controller.js'],
        nested: true,
      },
    };
  }

  private authenticateByToken(): void {
    // Without JWT_SECRET, tokens are invalid after a restart.
    const secret = process.env.JWT_SECRET || randomBytes(32).toString('base64url');
    this.component(AuthenticationComponent);
    this.add(createBindingFromClass(JWTAuthenticationStrategy).apply(asAuthStrategy));
    this.bind(TokenServiceBindings.TOKEN_SECRET).to(secret);
    this.bind(TokenServiceBindings.TOKEN_EXPIRES_IN).to('1h');
    this.bind(TokenServiceBindings.TOKEN_SERVICE).toClass(JsonWebTokenService);
  }

  private authorizeByRole(): void {
    this.component(AuthorizationComponent);
    this.bind('authorizers.role').to(authorizeByRole).tag(AuthorizationTags.AUTHORIZER);
  }
}
