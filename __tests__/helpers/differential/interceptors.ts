import {BindingScope, filterByTag} from '@loopback/core';
import type {Interceptor, InvocationContext} from '@loopback/core';
import type {SocketCall} from 'loopback4-socket';
import {describeError} from './world';
import type {World} from './world';

type Make = (world: World, log: (event: string) => void) => Interceptor;

/** Interceptors by what they do. */
export const INTERCEPTORS = {
  'passes on': (_world, log) => (_context, next) => {
    log('before');
    const result = next();
    log('after');
    return result;
  },
  'passes on after a wait': (world, log) => async (_context, next) => {
    log('before');
    await world.later(() => undefined);
    const result = await next();
    log('after');
    return result;
  },
  'waits for the result': (_world, log) => async (_context, next) => {
    const result = await next();
    log('after');
    return result;
  },
  'changes an argument': (_world, log) => (context, next) => {
    log('changes');
    if (context.args.length > 0) context.args[context.args.length - 1] = 'changed';
    return next();
  },
  'replaces args': (_world, log) => (context, next) => {
    log('replaces');
    (context as {args: unknown[]}).args = [...context.args.slice(0, -1), 'replaced'];
    return next();
  },
  'replaces args with fewer': () => (context, next) => {
    (context as {args: unknown[]}).args = [];
    return next();
  },
  'adds an argument': () => (context, next) => {
    context.args.push('added');
    return next();
  },
  'removes an argument': () => (context, next) => {
    context.args.pop();
    return next();
  },
  'answers itself': (_world, log) => () => {
    log('answers');
    return 'short';
  },
  'answers with nothing': () => () => undefined,
  throws: () => () => {
    throw new TypeError('intercepted');
  },
  rejects: world => () =>
    world.later(() => {
      throw new TypeError('intercepted');
    }),
  'calls next twice': (_world, log) => async (_context, next) => {
    const first = await next();
    log('again');
    return [first, (await next()) ?? 'nothing'];
  },
  'calls next twice at once': () => async (_context, next) =>
    Promise.all([next(), next()]),
  'catches errors': (_world, log) => async (_context, next) => {
    try {
      return await next();
    } catch (error) {
      log(`caught ${(error as Error).name}`);
      return 'caught';
    }
  },
  'replaces the result': () => async (_context, next) => ({wrapped: await next()}),
  'binds for the call': (world, log) => (context, next) => {
    log('binds');
    context.bind(world.key).to(`bound ${world.count('bound')}`);
    return next();
  },
  'binds for the call, after a wait': world => async (context, next) => {
    await world.later(() => undefined);
    context.bind(world.key).to('bound');
    return next();
  },
  'binds in the call context': world => (context, next) => {
    context.parent?.bind(world.key).to('bound');
    return next();
  },
  'reads what it is given': (world, log) => (context, next) => {
    log(describe(context, world));
    return next();
  },
  'gets from its context': (world, log) => async (context, next) => {
    const value = context.get(world.key, {optional: true});
    log(await world.read(value, found => found));
    return next();
  },
  'gets what the call has': (world, log) => async (context, next) => {
    for (const key of ['socket.args', 'controller.current', 'security.user']) {
      log(await world.read(context.get(key, {optional: true}), found => found));
    }
    return next();
  },
  'changes a binding': world => (_context, next) => {
    if (world.count('changed') === 0) world.app.bind(world.key).to('changed meanwhile');
    return next();
  },
  'looks around in its context': (_world, log) => (context, next) => {
    const ofSocket = context.find('socket.*').map(({key}) => key);
    log(ofSocket.sort().join(' '));
    const {parent} = context;
    log(
      [
        parent?.contains('socket.args'),
        parent?.parent?.contains('socket.socket'),
        context.isBound('controller.current'),
        context.getOwnerContext('socket.credentials') === parent,
        context.getBinding('socket.signal').key,
        context.getScopedContext(BindingScope.REQUEST) === parent,
        context.scope,
        parent?.scope,
      ].join(' '),
    );
    return next();
  },
  'keeps its context': (world, log) => async (context, next) => {
    const kept = world.kept as InvocationContext | undefined;
    world.kept = context;
    if (kept) {
      log(await world.read(kept.get('socket.args'), found => found));
      log(await world.read(kept.get(world.key, {optional: true}), found => found));
      log(JSON.stringify(kept.args.at(-1)));
    }
    return next();
  },
  'watches a tag': (world, log) => async (context, next) => {
    const view = context.createView(filterByTag('tag0'));
    log(await world.read(view.values(), found => found));
    return next();
  },
  'answers before next': (world, log) => (_context, next) => {
    void world.later(async () => {
      try {
        log(await world.describe(await next()));
      } catch (error) {
        log(describeError(error));
      }
    });
    return 'early';
  },
  'counts its arguments': (_world, log) =>
    function (...given: unknown[]) {
      log(`${given.length} arguments`);
      return (given[1] as () => unknown)();
    } as Interceptor,
  'invokes the method itself': () => context =>
    context.invokeTargetMethod({skipParameterInjection: false}),
} satisfies Record<string, Make>;

export type InterceptorKind = keyof typeof INTERCEPTORS;

function describe(context: InvocationContext, world: World) {
  const {source} = context;
  const {event, args, server, credentials} = source?.value as SocketCall;
  return JSON.stringify([
    source?.type,
    {event, args, server, credentials},
    context.methodName,
    context.targetClass.name,
    context.targetName,
    context.args.length,
    context.target === world.hosts.at(-1),
    context.isBound(world.key),
  ]);
}

/** Where an interceptor is applied. */
export const WHERE = [
  'method',
  'class',
  'method by key',
  'class by key',
  'method by key of a provider',
  'method by key of an async provider',
  'method by path',
  'global',
  'global by provider',
  'global by async provider',
  'global in the server',
  'global in a group',
  'global for sockets',
  'global for routes',
] as const;

export type Where = (typeof WHERE)[number];
