import {asGlobalInterceptor, BindingScope, extensionFor} from '@loopback/core';
import type {Context} from '@loopback/core';
import {configuration, CONTROLLER, keyOf, tagOf} from './application';
import type {Combination} from './combinations';
import type {World} from './world';

/** Changes the bindings of a world, or of a connection, as a combination says. */
export function change(
  world: World,
  connection: () => Context,
  combination: Combination,
): void {
  const {app, server} = world;
  const key = keyOf(combination, 0);
  const owner = server.contains(key) ? server : app;
  const binding = owner.getBinding(key, {optional: true});
  switch (combination.change) {
    case 'none':
      return;
    case 'rebound':
      owner.bind(key).to('rebound');
      return;
    case 'given another value':
      binding?.to('another value');
      return;
    case 'given another scope':
      binding?.inScope(
        binding.scope === BindingScope.TRANSIENT
          ? BindingScope.SINGLETON
          : BindingScope.TRANSIENT,
      );
      return;
    case 'unbound':
      owner.unbind(key);
      return;
    case 'refreshed':
      binding?.refresh(server);
      return;
    case 'bound in the server':
      server.bind(key).to('of the server');
      return;
    case 'bound for the connection':
      connection().bind(key).to('of the connection');
      return;
    case 'another bound for the connection':
      connection().bind('another').to('of the connection');
      return;
    case 'another of the tag':
      app
        .bind('another')
        .to('another')
        .tag(tagOf(0))
        .apply(extensionFor(tagOf(0)));
      return;
    case 'another controller scope':
      app.getBinding(CONTROLLER).inScope(BindingScope.SINGLETON);
      return;
    case 'another global interceptor':
    case 'another global interceptor for the connection':
      (combination.change.endsWith('connection') ? connection() : app)
        .bind('another interceptor')
        .to((_context: unknown, next: () => unknown) => {
          world.log('another interceptor');
          return next();
        })
        .apply(asGlobalInterceptor());
      return;
    case 'configured anew':
      for (const one of [CONTROLLER, 'Service', 'Provider', key]) {
        app.configure(one).to(configuration('anew'));
      }
  }
}
