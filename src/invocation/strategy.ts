import {
  BindingKey,
  Context,
  CoreBindings,
  MetadataAccessor,
  MetadataInspector,
} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import {requestWith} from '../context/express-request';
import {SocketEvents} from '../wire/protocol';
import {USER} from '../context/security';
import type {Call} from '../context/call';
import type {ControllerMethod} from '../context/caller';
import type {Handler} from './handler';

/** A strategy and its options, as `@authenticate` stores them. */
interface StrategyMetadata {
  readonly strategy: string;
  readonly options?: Record<string, unknown>;
  readonly skip?: boolean;
}

type AuthenticateFn = (request: Request) => Promise<object | undefined>;

// Keys of @loopback/authentication, by name, because applications need not have it.
const ACTION = BindingKey.create<AuthenticateFn>('authentication.actions.authenticate');
const OPERATION_METADATA = BindingKey.create<readonly StrategyMetadata[]>(
  'authentication.operationMetadata',
);
const METHOD_METADATA = MetadataAccessor.create<StrategyMetadata[], MethodDecorator>(
  'authentication:method',
);
const CLASS_METADATA = MetadataAccessor.create<StrategyMetadata[], ClassDecorator>(
  'authentication:class',
);
/** The name of the class that reads the metadata of `@authenticate` by default. */
const STOCK_METADATA_PROVIDER = 'AuthMetadataProvider';
/** Codes of errors that REST answers with 401. */
const UNAUTHORIZED_CODES: readonly unknown[] = [
  'AUTHENTICATION_STRATEGY_NOT_FOUND',
  'USER_PROFILE_NOT_FOUND',
];

/** Returns true when the application has `AuthenticationComponent`. */
export function hasAuthentication(context: Context): boolean {
  return context.isBound(ACTION);
}

/** Returns a message when a method, or else its class, carries `@authenticate`, and nothing authenticates it. */
export function unauthenticated(
  context: Context,
  {label, member, type}: ControllerMethod,
): string | undefined {
  const metadata =
    MetadataInspector.getMethodMetadata(
      METHOD_METADATA,
      type.prototype as object,
      member,
    ) ?? MetadataInspector.getClassMetadata(CLASS_METADATA, type);
  if (!metadata || metadata[0]?.skip || hasAuthentication(context)) return undefined;
  return (
    `${label} carries @authenticate, but nothing authenticates it. ` +
    'Add AuthenticationComponent of @loopback/authentication: app.component(…).'
  );
}

/**
 * Returns true when each call of a method must be authenticated. LoopBack's own provider of the metadata decides
 * this for the method. Another provider may decide for each call, so the result is true.
 *
 * @throws Error when the method carries `@authenticate` and nothing authenticates it.
 */
export function needsAuthentication(context: Context, method: ControllerMethod): boolean {
  const problem = unauthenticated(context, method);
  if (problem) throw new Error(problem);
  const binding = context.getBinding(OPERATION_METADATA, {optional: true});
  if (!hasAuthentication(context) || !binding) return false;
  if (binding.providerConstructor?.name !== STOCK_METADATA_PROVIDER) return true;
  const methodContext = new Context(context);
  methodContext.bind(CoreBindings.CONTROLLER_CLASS).to(method.type);
  methodContext.bind(CoreBindings.CONTROLLER_METHOD_NAME).to(method.member);
  const metadata = binding.getValue(methodContext, {});
  methodContext.close();
  return metadata !== undefined;
}

/**
 * Authenticates one call as the REST server authenticates a request, and binds the user for the call. The strategy
 * is the given one, or that of the controller method: from `@authenticate` or the component's configuration.
 *
 * @returns The user; `undefined` when the method needs no authentication.
 * @throws The error of the strategy, with the status 401 where REST sets it.
 */
export async function authenticateCall(
  call: Call,
  strategy?: StrategyMetadata,
): Promise<object | undefined> {
  const {caller, context, credentials} = call;
  if (strategy) context.bind(OPERATION_METADATA).to([strategy]);
  else if (!(await context.get(OPERATION_METADATA, {optional: true}))) return undefined;
  const handshake = await context.get(RestBindings.Http.REQUEST);
  const request = await requestWith(handshake, credentials, caller.applyCredentials);
  context.bind(RestBindings.Http.REQUEST).to(request);
  // The action sets the user in the context that has the key, which must be the context of the call.
  const unset = !context.contains(USER);
  if (unset) context.bind(USER);
  const authenticate = await context.get(ACTION);
  const outcome = {request, failed: false};
  if (call.event === SocketEvents.AUTHENTICATION) call.strategy = outcome;
  try {
    const user = await authenticate(request);
    if (!user && unset) context.unbind(USER);
    return user;
  } catch (error) {
    outcome.failed = true;
    if (isUnauthorized(error)) Object.assign(error as Error, {statusCode: 401});
    throw error;
  }
}

function isUnauthorized(error: unknown): boolean {
  try {
    const {code} = error as {code?: unknown};
    return UNAUTHORIZED_CODES.includes(code) && Object.isExtensible(error);
  } catch {
    // The thrown value is null or undefined, or its getter throws.
    return false;
  }
}

/** Authenticates sockets by a strategy of `@loopback/authentication`. */
export class StrategyHandler implements Handler {
  readonly label: string;

  constructor(private readonly strategy: StrategyMetadata) {
    this.label = `authentication strategy "${strategy.strategy}"`;
  }

  invoke(call: Call): Promise<unknown> {
    return authenticateCall(call, this.strategy);
  }

  accepts(): boolean {
    return false;
  }

  streams(): boolean {
    return false;
  }

  isFrom(): boolean {
    return false;
  }
}
