import type {Context} from '@loopback/core';
import {hasAuthentication} from '../invocation/strategy';
import type {StrategyHandler} from '../invocation/strategy';
import type {Handler} from '../invocation/handler';
import type {HandlerTable} from '../invocation/handler-table';

/** What is looked at of a server. */
interface Configured {
  readonly name: string;
  readonly context: Context;
  readonly handlers: HandlerTable;
  readonly strategy?: StrategyHandler | undefined;
  readonly options: {readonly anonymous: boolean};
}

/** What keeps a server from being served; one sentence each, saying what to do. */
export function problemsOf({
  name,
  context,
  handlers,
  strategy,
  options: {anonymous},
}: Configured): string[] {
  const {auth, connected, disconnected, methods} = handlers;
  if (strategy && (auth || anonymous)) {
    return [
      `Server "${name}" is configured with ${strategy.label}, and ` +
        `${auth ? `${auth.label} authenticates it` : 'is anonymous'}. Remove one of the two.`,
    ];
  }
  if (strategy && !hasAuthentication(context)) {
    return [
      `Server "${name}" is configured with ${strategy.label}, but the application has no ` +
        'AuthenticationComponent of @loopback/authentication: app.component(…).',
    ];
  }
  if (auth && anonymous) {
    return [
      `Server "${name}" is anonymous, and ${auth.label} authenticates it. ` +
        'Remove `anonymous`, or the authentication.',
    ];
  }
  const [handler] = [...methods.values(), ...connected, ...disconnected];
  const authenticated = auth ?? strategy ?? anonymous;
  if ((handler as Handler | undefined) && !authenticated) {
    return [
      `Server "${name}" has ${handler.label}, but nothing that authenticates its sockets. ` +
        'Decorate a method of a bound controller with @socketAuth, call auth(…), or configure ' +
        '`authentication` or `anonymous: true`.',
    ];
  }
  return [];
}
