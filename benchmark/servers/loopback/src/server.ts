import {BindingScope} from '@loopback/core';
import type {Application, Constructor, Interceptor} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {SocketComponent, SocketServer, socketMethod} from 'loopback4-socket';
import type {RunningServer, StartOptions} from '../../../job.cjs';
import {socketIoServer} from '../../socket-io.cjs';
import {FindArgsModel} from './find-args.model';
import {FullController} from './full.controller';
import {copyMethods} from '../../../copy-methods.cjs';
import * as injections from './injections';
import {PlainController} from './plain.controller';
import {StreamsController} from './streams.controller';
import {RequestScopeController, UnitOfWork} from './request-scope.controller';

type Variant =
  | 'plain'
  | 'full'
  | 'request-scope'
  | 'streams'
  | 'getter'
  | 'async-provider'
  | 'request-dynamic'
  | 'view'
  | 'custom-resolve'
  | 'context';

interface Variation {
  controller: Constructor<object>;
  args?: Constructor<object>;
  prepare?: (app: Application) => unknown;
}

/** A typical interceptor: one step before, one step after. */
const wait: Interceptor = async (_context, next) => {
  const result: unknown = await next();
  return result;
};

/** Checks args and has a global interceptor. */
const full = (
  controller: Constructor<object>,
  prepare?: (app: Application) => unknown,
): Variation => ({
  controller,
  args: FindArgsModel,
  prepare: app => {
    app.interceptor(wait, {global: true, name: 'wait'});
    prepare?.(app);
  },
});

const variants: Record<Variant, Variation> = {
  plain: {controller: PlainController},
  full: full(FullController),
  'request-scope': {
    controller: RequestScopeController,
    prepare: app =>
      app.bind('services.UnitOfWork').toClass(UnitOfWork).inScope(BindingScope.REQUEST),
  },
  streams: {controller: StreamsController},
  getter: full(injections.GetterController),
  'async-provider': full(injections.ServiceController, injections.bindAsyncProvider),
  'request-dynamic': full(injections.ServiceController, injections.bindDynamicValue),
  view: full(injections.ViewController, injections.bindConstant),
  'custom-resolve': full(injections.CustomResolveController, injections.bindConstant),
  context: full(injections.ContextController, injections.bindConstant),
};

/** A REST application with this package's component. */
export async function start({methods, variant}: StartOptions): Promise<RunningServer> {
  const {controller, args, prepare} = variants[variant as Variant];
  copyMethods(controller, methods, (prototype, name, descriptor) =>
    socketMethod(name, args && {args})(prototype, name, descriptor),
  );
  const app = new RestApplication({rest: {host: '127.0.0.1', port: 0}});
  app.component(SocketComponent);
  app.controller(controller);
  prepare?.(app);
  await app.start();
  const port = Number(new URL(app.restServer.url ?? '').port);
  return socketIoServer(SocketServer.get(app).io, port);
}
