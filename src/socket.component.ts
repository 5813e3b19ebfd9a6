import {
  asLifeCycleObserver,
  BindingScope,
  CoreTags,
  createBindingFromClass,
} from '@loopback/core';
import type {Binding, Component} from '@loopback/core';
import {SocketBooter} from './booters/socket.booter';
import {SocketBindings, SocketTags} from './keys';
import {SocketHost} from './socket.host';
import {SocketServer} from './socket.server';
import {DEFAULT_SERVER_NAME} from './configuration';

/**
 * Adds socket servers to an application. Decorated controllers are found wherever they are bound.
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
      key: SocketBindings.HOST,
      defaultScope: BindingScope.SINGLETON,
    })
      .apply(asLifeCycleObserver)
      .tag({[CoreTags.LIFE_CYCLE_OBSERVER_GROUP]: SocketTags.LIFE_CYCLE_GROUP}),
    SocketServer.bindingFor(DEFAULT_SERVER_NAME),
  ];

  booters = [SocketBooter];
}
