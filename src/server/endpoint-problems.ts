import {hasAuthentication} from '../invocation/strategy';
import type {Endpoint} from './endpoint';

/** Returns what is wrong with each server's handlers and options, a sentence each. */
export function problemsOf(endpoints: Iterable<Endpoint>): string[] {
  return [...endpoints].flatMap(endpoint => problemOf(endpoint) ?? []);
}

function problemOf(endpoint: Endpoint): string | undefined {
  const {name, context, handlers, strategy} = endpoint;
  const {anonymous} = endpoint.options;
  const {auth, connected, disconnected, methods} = handlers;
  if (strategy && (auth || anonymous)) {
    return (
      `Server "${name}" is configured with ${strategy.label}, and ` +
      `${auth ? `${auth.label} authenticates it` : 'is anonymous'}. Remove one of the two.`
    );
  }
  if (strategy && !hasAuthentication(context)) {
    return (
      `Server "${name}" is configured with ${strategy.label}, but the application has no ` +
      'AuthenticationComponent of @loopback/authentication. Add it: ' +
      'app.component(AuthenticationComponent).'
    );
  }
  if (auth && anonymous) {
    return (
      `Server "${name}" is anonymous, and ${auth.label} authenticates it. ` +
      `Remove \`anonymous\`, or ${auth.label}.`
    );
  }
  const handler = [...methods.values(), ...connected, ...disconnected].at(0);
  if (!handler || auth || strategy || anonymous) return undefined;
  return (
    `Server "${name}" has ${handler.label}, but nothing that authenticates its sockets. ` +
    'Decorate a method of a bound controller with @socketAuth, call auth(…), or configure ' +
    '`authentication` or `anonymous: true`.'
  );
}
