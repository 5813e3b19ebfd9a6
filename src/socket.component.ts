import {
  Application,
  asLifeCycleObserver,
  Binding,
  BindingScope,
  CoreBindings,
  CoreTags,
  createBindingFromClass,
  inject,
} from '@loopback/core';
import type {Component} from '@loopback/core';
import {AsyncApi} from './document/async-api';
import {ASYNC_API} from './document/keys';
import {AsyncApiEndpoints} from './document/serve';
import {SocketBooter} from './booters/socket.booter';
import {serversNamedIn} from './invocation/controller-scanner';
import {DEFAULT_SERVER_NAME, SocketKeys, SocketTags} from './options/keys';
import {HOST} from './server/ports';
import {SocketHost} from './server/socket.host';
import {SocketServer} from './server/socket.server';
import {RestStreams} from './streams/rest-streams';

/**
 * Adds socket servers to an application. It finds decorated controllers wherever they are bound.
 *
 * @example
 * ```ts
 * export class MyApp extends BootMixin(RestApplication) {
 *   constructor(options: ApplicationConfig = {}) {
 *     super(options);
 *     this.component(SocketComponent);
 *   }
 * }
 * ```
 */
export class SocketComponent implements Component {
  bindings: Binding[] = [
    createBindingFromClass(SocketHost, {
      key: HOST,
      defaultScope: BindingScope.SINGLETON,
    })
      .apply(asLifeCycleObserver)
      .tag({[CoreTags.LIFE_CYCLE_OBSERVER_GROUP]: SocketTags.LIFE_CYCLE_GROUP}),
    SocketServer.bindingFor(DEFAULT_SERVER_NAME),
    new Binding(SocketKeys.IO)
      .toDynamicValue(({context}) => context.getSync(HOST).io)
      .inScope(BindingScope.SINGLETON),
    RestStreams.binding(),
  ];

  booters = [SocketBooter];

  constructor(@inject(CoreBindings.APPLICATION_INSTANCE) app: Application) {
    const document = new AsyncApi(app);
    this.bindings.push(
      Binding.bind(ASYNC_API).to(document),
      new AsyncApiEndpoints(app, document).binding(),
    );
    // LoopBack constructs all observers before `init`, and they may inject servers that only decorators name.
    app.on('initializing', () => {
      for (const name of serversNamedIn(app)) {
        if (!app.isBound(SocketKeys.server(name))) {
          app.add(SocketServer.bindingFor(name));
        }
      }
    });
  }
}
