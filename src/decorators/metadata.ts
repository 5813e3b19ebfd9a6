import type {Constructor} from '@loopback/core';
import {MetadataAccessor, MetadataInspector} from '@loopback/core';
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

/** The metadata key of `@model` of `@loopback/repository`. */
const MODEL = MetadataAccessor.create<object, ClassDecorator>('loopback:model');

/** Returns a parameter's type, when it is a `@model`. */
export function modelOf(type: unknown): Constructor<object> | undefined {
  if (typeof type !== 'function') return undefined;
  return MetadataInspector.getClassMetadata(MODEL, type)
    ? (type as Constructor<object>)
    : undefined;
}
