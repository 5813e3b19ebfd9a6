import {BindingScope, Context} from '@loopback/context';
import {RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import type {Socket} from 'socket.io';
import {SocketBindings} from '../keys';

/** Child of a server's context, for all that one socket does. */
export class ConnectionContext extends Context {
  constructor(parent: Context, socket: Socket) {
    super(parent, `connection-${socket.id}`);
    this.bind(SocketBindings.SOCKET).to(socket);
    this.bind(RestBindings.Http.REQUEST).to(socket.request as Request);
  }
}

/** What is bound for one call besides what its connection holds. */
export interface CallValues {
  credentials: unknown;
  user: unknown;
  args: unknown;
  signal: () => AbortSignal;
}

/** Child of a connection's context, for one call. */
export class CallContext extends Context {
  constructor(parent: ConnectionContext, call: CallValues) {
    super(parent, 'call');
    this.scope = BindingScope.REQUEST;
    this.bind(SocketBindings.CREDENTIALS).to(call.credentials);
    this.bind(SocketBindings.ARGS).to(call.args);
    this.bind(SocketBindings.SIGNAL).toDynamicValue(call.signal);
    if (typeof call.user === 'object' && call.user !== null) {
      this.bind(SecurityBindings.USER).to(call.user as UserProfile);
    }
  }
}
