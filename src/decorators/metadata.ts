import type {Constructor, Injection} from '@loopback/core';
import {
  describeInjectedArguments,
  describeInjectedProperties,
  MetadataAccessor,
  MetadataInspector,
} from '@loopback/core';
import {getControllerSpec} from '@loopback/rest';
import type {
  OperationObject,
  ReferenceObject,
  SchemaObject,
  SchemaRef,
  SchemasObject,
} from '@loopback/rest';

/** A model class, or any schema of a REST body, also with `getModelSchemaRef` or `$ref` in it. */
export type SocketSchema =
  SchemaObject | ReferenceObject | SchemaRef | Constructor<object>;

/** Options of the class decorator. */
export interface SocketControllerMetadata {
  /** Name of the server that the class's handlers belong to. @default the default server */
  server?: string;
}

/** How a method or an event is described in the AsyncAPI document. */
export interface SocketDescription {
  /** A summary in one line. */
  summary?: string;
  /** A longer description. */
  description?: string;
  /** Marks it as deprecated. @default false */
  deprecated?: boolean;
  /** Groups operations in the document. @default the name of the class */
  tags?: string[];
  /** Examples of the args, or of the payload. */
  examples?: unknown[];
  /** `'undocumented'` leaves it out of the document, as `@oas.visibility` does in OpenAPI. */
  'x-visibility'?: 'documented' | 'undocumented';
}

/** Options of `@socketEvent`. */
export interface SocketPushedEventMetadata extends SocketDescription {
  /** The event's name. */
  name: string;
  /** Name of the server. @default the server of `@socketController`, or else the default server */
  server?: string;
  /** The schema of the payload; of an ask, of its args. @default any value */
  payload?: SocketSchema;
  /** The schema of the client's answer. The event is an ask then. */
  answer?: SocketSchema;
}

/** Options of the decorators of authentication, connected and disconnected handlers. */
export interface SocketEventMetadata {
  /** Name of the server. @default the server of `@socketController`, or else the default server */
  server?: string;
}

/** Options of the method decorator. */
export interface SocketMethodMetadata extends SocketEventMetadata, SocketDescription {
  /** Event name that clients call. @default the method's own name */
  name?: string;
  /**
   * The schema of the args: a model class, or any schema of a REST body. Other args are answered 422 and
   * `VALIDATION_FAILED`. A schema that cannot be compiled stops the start.
   *
   * @default the type of the parameter, when it is a `@model`; otherwise no check
   */
  args?: SocketSchema;
  /** The schema of the result, for the document. @default the type of the result, when it is a `@model` */
  result?: SocketSchema;
  /** The schema of the items of a method that streams, for the document. */
  item?: SocketSchema;
}

/** Metadata keys of the decorators. */
export const SocketMetadata = {
  CONTROLLER: MetadataAccessor.create<SocketControllerMetadata, ClassDecorator>(
    'loopback4-socket:controller',
  ),
  AUTH: MetadataAccessor.create<SocketEventMetadata[], MethodDecorator>(
    'loopback4-socket:auth',
  ),
  CONNECTED: MetadataAccessor.create<SocketEventMetadata[], MethodDecorator>(
    'loopback4-socket:connected',
  ),
  DISCONNECTED: MetadataAccessor.create<SocketEventMetadata[], MethodDecorator>(
    'loopback4-socket:disconnected',
  ),
  EVENT: MetadataAccessor.create<SocketPushedEventMetadata[], ClassDecorator>(
    'loopback4-socket:event',
  ),
  METHOD: MetadataAccessor.create<SocketMethodMetadata[], MethodDecorator>(
    'loopback4-socket:method',
  ),
} as const;

/** Number of values that each kind of handler receives before its callback. */
export const VALUES = {auth: 2, connected: 2, disconnected: 2, method: 3} as const;

export type HandlerKind = keyof typeof VALUES;

/** The decorators by kind, in the order in which handlers are added. */
const DECORATORS = [
  ['auth', SocketMetadata.AUTH],
  ['connected', SocketMetadata.CONNECTED],
  ['disconnected', SocketMetadata.DISCONNECTED],
  ['method', SocketMetadata.METHOD],
] as const;

/** One decorator of a method. */
export interface DecoratedMember {
  readonly kind: HandlerKind;
  readonly member: string;
  /** `undefined` for the default server. */
  readonly server: string | undefined;
  readonly metadata: SocketMethodMetadata;
}

/** The decorators of a class and its methods. */
export interface DecoratedClass {
  readonly server: string | undefined;
  /** The events that the class declares, each with its server. */
  readonly events: readonly SocketPushedEventMetadata[];
  readonly members: readonly DecoratedMember[];
}

/**
 * Returns a class's decorators of this package, if it has any. It reads them at each call, because an
 * application may apply more of them until it starts.
 */
export function describeClass(type: Constructor<unknown>): DecoratedClass | undefined {
  const prototype = type.prototype as object | undefined;
  if (!prototype) return undefined;
  const controller = MetadataInspector.getClassMetadata(SocketMetadata.CONTROLLER, type);
  const members = DECORATORS.flatMap(([kind, key]) => {
    const all =
      MetadataInspector.getAllMethodMetadata<SocketMethodMetadata[]>(key, prototype) ??
      {};
    return Object.entries(all).flatMap(([member, entries]) =>
      entries.map(metadata => {
        return {kind, member, metadata, server: metadata.server ?? controller?.server};
      }),
    );
  });
  const events = eventsOf(type).map(event => ({
    ...event,
    ...(controller?.server !== undefined && {server: event.server ?? controller.server}),
  }));
  if (!controller && members.length + events.length === 0) return undefined;
  return {server: controller?.server, members, events};
}

/** Returns the events that a class and its base classes declare. A class replaces those of its base classes. */
function eventsOf(type: Constructor<unknown>): SocketPushedEventMetadata[] {
  const events = new Map<string, SocketPushedEventMetadata>();
  const bases: unknown[] = [];
  for (let base: unknown = type; typeof base === 'function';) {
    bases.unshift(base);
    base = Object.getPrototypeOf(base) as unknown;
  }
  for (const base of bases) {
    const own = MetadataInspector.getClassMetadata(
      SocketMetadata.EVENT,
      base as Constructor<unknown>,
      {ownMetadataOnly: true},
    );
    for (const event of own ?? []) events.set(event.name, event);
  }
  return [...events.values()];
}

/** The parameters of a decorated method. */
export interface MethodParameters {
  /** Number of parameters that are not injected. The values fill them in order. */
  readonly count: number;
  /** Types of the parameters that the values fill, as the compiler emits them. */
  readonly types: readonly unknown[];
  /** True when the compiler has emitted types. */
  readonly typed: boolean;
  /** True when a parameter has `@param` or `@requestBody`. */
  readonly ofRest: boolean;
  /** True when the parameter after the last value is a callback; injected parameters do not count. */
  readonly takesCallback: boolean;
  /** True when the last value's parameter has a default. */
  readonly optional: boolean;
}

/**
 * Returns how values fill a method's parameters. Injected parameters are skipped. The parameter after the
 * last value is a callback when its type is a function.
 *
 * @param values - Number of values: socket, credentials and so on.
 */
export function describeParameters(
  type: Constructor<unknown>,
  member: string,
  values: number,
): MethodParameters {
  const prototype = type.prototype as Record<string, (...args: unknown[]) => unknown>;
  const {length} = prototype[member];
  const injections = injectionsOf(type, member);
  const design = MetadataInspector.getDesignTypeForMethod(prototype, member);
  const types = (design?.parameterTypes ?? []) as readonly unknown[];
  const all = Math.max(types.length, length, injections.length);
  const places = Array.from({length: all}, (_, at) => at).filter(
    at => !isInjected(injections.at(at)),
  );
  const last = places.at(values - 1);
  const next = places.at(values);
  return {
    count: places.length,
    types: places.slice(0, values).map(at => types[at]),
    typed: design?.parameterTypes !== undefined,
    ofRest: REST_PARAMETERS.some(key =>
      MetadataInspector.getAllParameterMetadata(key, prototype, member)?.some(Boolean),
    ),
    takesCallback: next !== undefined && isCallback(types[next], next < length),
    optional: last !== undefined && last >= length,
  };
}

/** Returns the injections of a method's parameters, by their position. */
export function injectionsOf(
  type: Constructor<unknown>,
  member: string,
): readonly (Readonly<Injection> | undefined)[] {
  // LoopBack reads an instance, which inherits the injections of a method that its class overrides.
  const instance = Object.create(type.prototype as object) as object;
  return describeInjectedArguments(instance, member);
}

/**
 * Returns the keys that a method, or the constructor or a property of its class, injects; `true` for a key that it
 * cannot do without.
 */
export function injectedKeys(
  type: Constructor<unknown>,
  member: string,
): ReadonlyMap<string, boolean> {
  const injections = [
    ...injectionsOf(type, member),
    ...describeInjectedArguments(type, ''),
    ...Object.values(describeInjectedProperties(type.prototype as object)),
  ];
  const keys = new Map<string, boolean>();
  for (const injection of injections) {
    if (!injection) continue;
    const key = injection.bindingSelector.toString();
    keys.set(key, keys.get(key) === true || injection.metadata.optional !== true);
  }
  return keys;
}

export function isInjected(
  injection: Readonly<Injection> | undefined,
): injection is Readonly<Injection> {
  return Boolean(injection && (injection.bindingSelector || injection.resolve));
}

/** The metadata keys of `@param` and `@requestBody` of `@loopback/rest`. */
const REST_PARAMETERS = ['openapi-v3:parameters', 'openapi-v3:request-body'].map(key =>
  MetadataAccessor.create<object, ParameterDecorator>(key),
);

/** The OpenAPI operation of a method. */
export interface DescribedOperation {
  readonly path: string;
  /** The HTTP method, in lower case. */
  readonly verb: string;
  readonly spec: OperationObject;
  /** The schemas of its controller. */
  readonly schemas: SchemasObject;
}

/** Returns the OpenAPI operation of a method, if the method is one. */
export function describeOperation(
  type: Constructor<unknown>,
  member: string,
): DescribedOperation | undefined {
  const {basePath = '', paths, components} = getControllerSpec(type);
  for (const [path, verbs] of Object.entries(paths)) {
    for (const [verb, spec] of Object.entries(verbs as Record<string, OperationObject>)) {
      if (spec['x-operation-name'] === member)
        return {
          path: `/${basePath}/${path}`.replace(/\/{2,}/g, '/'),
          verb,
          spec,
          schemas: components?.schemas ?? {},
        };
    }
  }
  return undefined;
}

/** The compiler emits `Object` for `any`, and for types that exist only at compile time. */
function isCallback(type: unknown, counted: boolean): boolean {
  return type === Function || ((type === undefined || type === Object) && counted);
}

/** The metadata key of `@model` of `@loopback/repository`. */
const MODEL = MetadataAccessor.create<object, ClassDecorator>('loopback:model');

/** Returns a parameter's type, when it is a `@model`. */
export function modelOf(type: unknown): Constructor<object> | undefined {
  if (typeof type !== 'function') return undefined;
  return MetadataInspector.getClassMetadata(MODEL, type)
    ? (type as Constructor<object>)
    : undefined;
}
