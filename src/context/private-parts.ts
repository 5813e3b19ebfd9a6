import {
  Binding,
  BindingScope,
  Context,
  ContextTags,
  InterceptedInvocationContext,
} from '@loopback/core';
import {EventEmitter} from 'node:events';
import {checkParts, refuseVersion, tryPart} from '../common/private-parts';
import type {PrivateParts} from '../common/private-parts';
import {SocketKeys} from '../options/keys';
import {BindingChanges} from './binding-changes';
import type {CallState, Caller} from './caller';
import {CallContext, ConnectionContext} from './contexts';
import {createInvocation} from './light-invocation';
import {cacheOf, isResolvable, keepResolved, partsOf} from './light-context';

const PACKAGE = '@loopback/context';

/** The private parts that this package uses, by class, each with its type. */
export const PRIVATE_PARTS = {
  Context: {
    name: 'string',
    registry: 'object',
    scope: 'string',
    _parent: 'object',
    tagIndexer: 'object',
    subscriptionManager: 'object',
    _debug: 'function',
    _findByTagIndex: 'function',
  },
  ContextTagIndexer: {close: 'function'},
  ContextSubscriptionManager: {close: 'function'},
  InterceptedInvocationContext: {
    target: 'object',
    methodName: 'string',
    args: 'object',
    source: 'object',
  },
  Binding: {getResolutionContext: 'function'},
  'Binding that has a value': {_cache: 'object'},
} as const satisfies Record<string, PrivateParts>;

/**
 * Tries the contexts and bindings of the installed LoopBack in memory.
 *
 * @throws Error when a private part that this package uses is missing, or a context has a part that it does not know.
 */
export function checkLoopBack(): void {
  const server = new Context('server');
  const context = new Context(server, 'context');
  check('Context', context);
  const {tagIndexer, subscriptionManager} = partsOf(context);
  check('ContextTagIndexer', tagIndexer);
  check('ContextSubscriptionManager', subscriptionManager);
  refuseUnknownParts('Context', context, new EventEmitter());
  const invocation = new InterceptedInvocationContext(server, {}, 'member', [], {
    type: 'socket',
    value: undefined,
  });
  check('InterceptedInvocationContext', invocation);
  refuseUnknownParts('InterceptedInvocationContext', invocation, context);
  tryBindings(server);
  tryLightContexts(server);
}

function check(owner: keyof typeof PRIVATE_PARTS, object: object): void {
  const [name] = owner.split(' ');
  checkParts(PACKAGE, name, object, PRIVATE_PARTS[owner]);
}

/** Refuses parts that a light context would not have, because this package does not know them. */
function refuseUnknownParts(
  owner: keyof typeof PRIVATE_PARTS,
  object: object,
  inherited: object,
): void {
  for (const part of Object.keys(object)) {
    if (!(part in inherited) && !(part in PRIVATE_PARTS[owner]))
      refuseVersion(PACKAGE, `${owner}.${part}`);
  }
}

function attempt(part: string, works: () => boolean): void {
  tryPart(PACKAGE, part, works);
}

/** Bindings must cache values by context, check scopes, and report each change at once. */
function tryBindings(server: Context): void {
  const binding = server.bind('shared').toDynamicValue(() => ({}));
  binding.inScope(BindingScope.SINGLETON);
  check('Binding', binding);
  attempt('Binding._cache', () => server.getSync('shared') !== undefined);
  check('Binding that has a value', binding);
  attempt(
    'Binding._cache',
    () => cacheOf(binding)?.get(server) === server.getSync('shared'),
  );
  const changed = new Binding('changed');
  attempt('Binding.getResolutionContext', () => {
    const isRefused = !isResolvable(changed.inScope(BindingScope.SERVER), server);
    return isRefused && isResolvable(binding, server);
  });
  const changes: [part: string, change: () => unknown][] = [
    ['Context.emit', () => server.add(changed)],
    ['Binding.emit', () => changed.to(1)],
    ['Binding.emit', () => changed.tag('tag')],
    ['Binding.emit', () => changed.inScope(BindingScope.TRANSIENT)],
    ['Context.emit', () => server.unbind('changed')],
  ];
  for (const [part, change] of changes) {
    const validity = BindingChanges.validityOf(server);
    change();
    attempt(part, () => !validity.current);
  }
}

/** LoopBack must find the bindings, tags and values of contexts that are made without its constructor. */
function tryLightContexts(server: Context): void {
  let published = 0;
  let bound = 0;
  const caller = {serverContext: server, socket: {id: 'sample'} as object} as Caller;
  const connection = ConnectionContext.of(caller, () => bound++);
  const call = {
    caller,
    credentials: 'credentials',
    controller: {member: () => undefined},
    methodArgs: [],
    bound: false,
    publish: () => published++,
  } as object as CallState & {context: Context};
  const context = CallContext.of(connection, call);
  call.context = context;
  const kept = connection.bind<number>('kept').toDynamicValue(() => 1);
  kept.inScope(BindingScope.REQUEST).tag(ContextTags.GLOBAL_INTERCEPTOR);
  attempt('Context.registry', () => {
    const keys = context.find().map(({key}) => key);
    const isFound = keys.includes(SocketKeys.CREDENTIALS.key) && keys.includes('kept');
    return (
      isFound && bound > 0 && context.getSync(SocketKeys.CREDENTIALS) === 'credentials'
    );
  });
  attempt('Context._parent', () => context.isBound('shared'));
  attempt('Context.getBinding', () => {
    published = 0;
    keepResolved(kept, context, 2);
    return context.getSync('kept') === 2 && published > 0;
  });
  attempt('Context._findByTagIndex', () => {
    published = 0;
    const found = context.findByTag(ContextTags.GLOBAL_INTERCEPTOR);
    return found.length === 1 && published > 0;
  });
  attempt('Context.subscriptionManager', () => {
    const {closed} = context.subscribe(() => undefined);
    context.close();
    return !closed;
  });
  attempt('InterceptedInvocationContext.loadInterceptors', () => {
    const invocation = createInvocation(call);
    return invocation.loadInterceptors().length === 1;
  });
}
