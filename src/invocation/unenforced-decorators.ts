import {ContextTags, MetadataInspector} from '@loopback/core';
import type {Context} from '@loopback/core';
import type {ControllerMethod} from '../context/caller';
import {SocketTags} from '../options/keys';

type Metadata = Readonly<Record<string, unknown>>;

/** A decorator that only sets metadata. The application must enforce it. */
interface Decorator {
  readonly name: string;
  /** The package of the decorator. */
  readonly from: string;
  /** The keys of its metadata on methods, and on classes. */
  readonly methods: readonly string[];
  readonly classes?: string;
  /** The advice of the message: the replacement for sockets. */
  readonly instead: string;
  /** Returns true for metadata that turns the decorator off. */
  readonly isOff?: (metadata: Metadata) => boolean;
  /** Returns true when the application has a component that enforces the decorator. */
  readonly isEnforced?: (context: Context) => boolean;
}

const AUTHENTICATE =
  'use `authentication` of the server and @authenticate of @loopback/authentication';

// By name, because applications need not have the packages. All but the first enforce only REST requests.
const DECORATORS: readonly Decorator[] = [
  {
    name: '@authorize',
    from: '@loopback/authorization',
    methods: ['authorization:method'],
    classes: 'authorization:class',
    instead: 'add AuthorizationComponent: app.component(…)',
    isOff: ({skip}) => skip === true,
    isEnforced: context =>
      context.find(
        ({tagMap}) => tagMap[ContextTags.GLOBAL_INTERCEPTOR_GROUP] === 'authorization',
      ).length > 0,
  },
  {
    name: '@authorize',
    from: 'loopback4-authorization',
    methods: [
      'sf.userAuthorization.accessor.operationMetadata',
      'userAuthorization.accessor.operationMetadata',
    ],
    instead: 'use @authorize of @loopback/authorization',
    isOff: ({permissions}) => Array.isArray(permissions) && permissions.includes('*'),
  },
  {
    name: '@authenticate',
    from: 'loopback4-authentication',
    methods: ['userAuthentication.operationsMetadata'],
    instead: AUTHENTICATE,
  },
  {
    name: '@authenticateClient',
    from: 'loopback4-authentication',
    methods: ['clientAuthentication.operationsMetadata'],
    instead: AUTHENTICATE,
  },
  {
    name: '@ratelimit',
    from: 'loopback4-ratelimiter',
    methods: ['sf.security.ratelimit.operationMetadata.accessor'],
    instead: 'configure `callLimiter` of the server',
    isOff: ({enabled}) => enabled === false,
  },
  {
    name: '@featureFlag',
    from: '@sourceloop/feature-toggle',
    methods: ['sf.featuresFlag.accessor.operationsMetadata'],
    instead: 'ask for the feature in the method',
  },
];

/** Returns a message for the first decorator that nothing enforces when a socket calls the method. */
export function unenforced(
  context: Context,
  method: ControllerMethod,
): string | undefined {
  const found = DECORATORS.find(decorator => {
    const metadata = metadataOf(decorator, method);
    if (!metadata || decorator.isOff?.(metadata)) return false;
    return !decorator.isEnforced?.(context) && !isEnforcedByTag(context, decorator.from);
  });
  if (!found) return undefined;
  const {name, from, instead} = found;
  return (
    `${method.label} carries ${name} of ${from}, which nothing enforces when a socket calls it. ` +
    `Give the socket a method of its own and ${instead}; or enforce it in a global ` +
    `interceptor, and tag its binding: {[SocketTags.ENFORCES]: '${from}'}.`
  );
}

function metadataOf(
  {methods, classes}: Decorator,
  {type, member}: ControllerMethod,
): Metadata | undefined {
  const prototype = type.prototype as object;
  for (const key of methods) {
    const found = MetadataInspector.getMethodMetadata<Metadata>(key, prototype, member);
    if (found) return found;
  }
  return classes === undefined
    ? undefined
    : MetadataInspector.getClassMetadata<Metadata>(classes, type);
}

function isEnforcedByTag(context: Context, from: string): boolean {
  const values: unknown[] = context
    .findByTag(SocketTags.ENFORCES)
    .map(({tagMap}) => tagMap[SocketTags.ENFORCES] as unknown);
  return values.flat().includes(from);
}
