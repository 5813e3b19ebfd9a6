import {
  BindingScope,
  Context,
  CoreBindings,
  invokeMethod,
  transformValueOrPromise,
} from '@loopback/core';
import type {Binding, Constructor, ValueOrPromise} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import {SocketBindings} from 'loopback4-socket';
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'socket.io';
import {Call} from '../../../dist/context/call';
import type {Caller} from '../../../dist/context/caller';
import {ConnectionContext} from '../../../dist/context/contexts';
import {ControllerHandler} from '../../../dist/invocation/controller-handler';
import {describeMethod} from '../../../dist/invocation/method-description';
import {describeOperation} from '../../../dist/decorators/metadata';
import {describeParameters} from '../../../dist/decorators/parameters';
import {expressOf, toExpressRequest} from '../../../dist/context/express-request';
import {MEMBER} from './application';
import type {World} from './world';

/** The parts of one call. */
export interface CallInput {
  readonly credentials: unknown;
  readonly user: unknown;
  readonly args: unknown;
}

/** Calls a controller of a world, for one connection. */
export interface WorldCaller {
  /** The connection's context. */
  readonly connection: Context;
  call(input: CallInput): Promise<unknown>;
}

interface Controller {
  readonly binding: Readonly<Binding<unknown>>;
  readonly type: Constructor<unknown>;
}

function givenSocket(world: World): Socket {
  const request: Partial<IncomingMessage> = {url: '/socket.io/?a=1', headers: {}};
  const socket: unknown = {id: 'id', request};
  world.name(socket as Socket, 'socket');
  world.name(request, 'request');
  return socket as Socket;
}

/** Calls as a socket's packet does. */
export function viaPlan(world: World, {binding, type}: Controller): WorldCaller {
  const socket = givenSocket(world);
  let context: ConnectionContext | undefined;
  let extended = false;
  const caller: Caller = {
    server: 'SocketServer',
    socket,
    serverContext: world.server,
    get context() {
      return (context ??= ConnectionContext.of(caller, () => (extended = true)));
    },
    get extended() {
      return extended;
    },
    gone: false,
    aborters: new Set(),
    applyCredentials: () => undefined,
    report: error => world.log(`reported ${String(error)}`),
  };
  const handler = new ControllerHandler(
    binding,
    describeMethod(type, {kind: 'method', member: MEMBER, metadata: {}}),
  );
  return {
    get connection() {
      return caller.context;
    },
    async call({credentials, user, args}) {
      const values = [socket, credentials, args];
      const call = new Call(caller, {event: 'event', credentials, user, values, args});
      return settled(
        () => handler.invoke(call),
        () => call.close(),
      );
    },
  };
}

/** Calls as LoopBack does by itself: in a context of the call's, where all is bound that it has. */
export function viaLoopBack(world: World, {binding, type}: Controller): WorldCaller {
  const socket = givenSocket(world);
  const connection = new Context(world.server, `connection-${socket.id}`);
  connection.bind(SocketBindings.SOCKET).to(socket);
  connection.bind(SocketBindings.CONNECTION).to(connection);
  connection
    .bind(RestBindings.Http.REQUEST)
    .toDynamicValue(() =>
      toExpressRequest(socket.request, () => expressOf(world.server)),
    );
  const operation = describeOperation(type, MEMBER);
  const {count} = describeParameters(type, MEMBER, 3);
  return {
    connection,
    async call({credentials, user, args}) {
      const context = new Context(connection, 'call');
      context.scope = BindingScope.REQUEST;
      const {signal} = new AbortController();
      context.bind(SocketBindings.CREDENTIALS).to(credentials);
      context.bind(SocketBindings.ARGS).to(args);
      context.bind(SocketBindings.AFTER).toDynamicValue(() => undefined);
      context.bind(SocketBindings.SIGNAL).toDynamicValue(() => signal);
      if (typeof user === 'object') context.bind(SecurityBindings.USER).to(user as never);
      context.bind(CoreBindings.CONTROLLER_CLASS).to(type);
      context.bind(CoreBindings.CONTROLLER_METHOD_NAME).to(MEMBER);
      if (operation) context.bind(RestBindings.OPERATION_SPEC_CURRENT).to(operation.spec);
      const value = {
        server: 'SocketServer',
        event: 'event',
        socket,
        credentials,
        user,
        args,
        signal,
      };
      const values = [socket, credentials, args].slice(0, count);
      const given = operation ? [(args as {x: unknown}).x] : values;
      const run = (controller: unknown) => {
        context.bind(CoreBindings.CONTROLLER_CURRENT).to(controller);
        const source = {type: 'socket', value};
        return invokeMethod(controller as object, MEMBER, context, given, {
          source,
        }) as unknown;
      };
      return settled(
        () => transformValueOrPromise(context.getValueOrPromise(binding.key), run),
        () => context.close(),
      );
    },
  };
}

async function settled(
  start: () => ValueOrPromise<unknown>,
  end: () => void,
): Promise<unknown> {
  try {
    return await start();
  } finally {
    end();
  }
}
