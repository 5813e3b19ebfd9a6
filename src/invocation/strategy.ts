import {
  BindingKey,
  Context,
  CoreBindings,
  MetadataAccessor,
  MetadataInspector,
} from '@loopback/core';
import type {Constructor} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import {requestWith} from '../context/express-request';
import {SocketEvents} from '../wire/protocol';
import {USER} from '../context/security';
import type {Call} from '../context/call';
import type {ControllerMethod} from '../context/caller';
import type {Handler} from './handler';

/** A strategy and its options, as `@authenticate` keeps them. */
export interface StrategyMetadata {
  readonly strategy: string;
  readonly options?: Record<string, unknown>;
  readonly skip?: boolean;
}

type AuthenticateFn = (request: Request) => Promise<object | undefined>;

// What is used of @loopback/authentication, by name, because applications need not have it.
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
/** Name of the class that says, by default, what `@authenticate` says of a method. */
const STOCK_METADATA_PROVIDER = 'AuthMetadataProvider';
/** Codes of errors that REST answers with 401. */
const UNAUTHORIZED_CODES: readonly unknown[] = [
  'AUTHENTICATION_STRATEGY_NOT_FOUND',
  'USER_PROFILE_NOT_FOUND',
];

/** Whether the application has `AuthenticationComponent`. */
export function hasAuthentication(context: Context): boolean {
  return context.isBound(ACTION);
}

/** Whether a method, or else its class, carries `@authenticate`. */
export function isAuthenticated(type: Constructor<unknown>, member: string): boolean {
  const prototype = type.prototype as object;
  const metadata =
    MetadataInspector.getMethodMetadata(METHOD_METADATA, prototype, member) ??
    MetadataInspector.getClassMetadata(CLASS_METADATA, type);
  return metadata !== undefined && !metadata[0]?.skip;
}

/**
 * Whether calls of a method must be authenticated one by one: by what LoopBack's own provider of the
 * metadata says of the method, or in any case where the application has another.
 */
export function needsAuthentication(
  context: Context,
  {type, member}: ControllerMethod,
): boolean {
  const binding = context.getBinding(OPERATION_METADATA, {optional: true});
  if (!hasAuthentication(context) || !binding) return false;
  if (binding.providerConstructor?.name !== STOCK_METADATA_PROVIDER) return true;
  const asked = new Context(context);
  asked.bind(CoreBindings.CONTROLLER_CLASS).to(type);
  asked.bind(CoreBindings.CONTROLLER_METHOD_NAME).to(member);
  const metadata = binding.getValue(asked, {});
  asked.close();
  return metadata !== undefined;
}

/**
 * Authenticates one call as the REST server authenticates a request, by what `@authenticate` or the
 * component's configuration says of the controller method in the call's context; or by a strategy
 * given. The user is then bound for the call.
 *
 * @returns The user; `undefined` when the method needs none.
 * @throws Error with 401 as REST gives it, or what the strategy threw.
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
  // The action sets the user where it finds one bound; that must not be an outer context.
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
    // Nothing can be read of it; it is what the strategy threw all the same.
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

  isFrom(): boolean {
    return false;
  }
}
