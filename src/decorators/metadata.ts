import type {Constructor} from '@loopback/core';
import {
  describeInjectedArguments,
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

/** A model class, or a schema as that of a REST body: also with `getModelSchemaRef` or `$ref` in it. */
export type SocketSchema =
  SchemaObject | ReferenceObject | SchemaRef | Constructor<object>;

/** Options of the class decorator. */
export interface SocketControllerMetadata {
  /** Name of the server that the class's handlers belong to. */
  server?: string;
}

/** Options of the decorators of authentication, connected and disconnected handlers. */
export interface SocketEventMetadata {
  /** Name of the server; wins over the class's. @default the default server */
  server?: string;
}

/** Options of the method decorator. */
export interface SocketMethodMetadata extends SocketEventMetadata {
  /** Event name that clients call. @default the method's own name */
  name?: string;
  /**
   * What the args must be: others are refused with 422 and `VALIDATION_FAILED`. A model class, or any
   * schema that a REST body may have. One that cannot be compiled stops the start.
   *
   * @default the type of the parameter, when it is a `@model`; otherwise no check
   */
  args?: SocketSchema;
  /**
   * What the result is. This and what follows is kept in the metadata, for tools that document an
   * application; nothing else reads it.
   */
  result?: SocketSchema;
  /** One line on what the method does. */
  summary?: string;
  /** What a caller should know. */
  description?: string;
  /** Marks the method as one not to be used any more. @default false */
  deprecated?: boolean;
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
  METHOD: MetadataAccessor.create<SocketMethodMetadata[], MethodDecorator>(
    'loopback4-socket:method',
  ),
} as const;

/** One decorator's worth of a class: which method, for which server. */
export interface DecoratedMember<T extends SocketEventMetadata = SocketEventMetadata> {
  readonly member: string;
  /** `undefined` for the default server. */
  readonly server: string | undefined;
  readonly metadata: T;
}

/** All that the decorators of a class say. */
export interface DecoratedClass {
  readonly server: string | undefined;
  readonly auth: readonly DecoratedMember[];
  readonly connected: readonly DecoratedMember[];
  readonly disconnected: readonly DecoratedMember[];
  readonly methods: readonly DecoratedMember<SocketMethodMetadata>[];
}

/**
 * Reads a class's decorators; `undefined` when it has none of this package's. It reads them each time,
 * because an application may apply more of them until it starts.
 */
export function describeClass(type: Constructor<unknown>): DecoratedClass | undefined {
  const prototype = type.prototype as object | undefined;
  if (!prototype) return undefined;
  const controller = MetadataInspector.getClassMetadata(SocketMetadata.CONTROLLER, type);
  const members = <T extends SocketEventMetadata>(
    key: MetadataAccessor<T[], MethodDecorator>,
  ): DecoratedMember<T>[] => {
    const all = MetadataInspector.getAllMethodMetadata<T[]>(key, prototype) ?? {};
    return Object.entries(all).flatMap(([member, entries]) =>
      entries.map(metadata => ({
        member,
        metadata,
        server: metadata.server ?? controller?.server,
      })),
    );
  };
  const result = {
    server: controller?.server,
    auth: members(SocketMetadata.AUTH),
    connected: members(SocketMetadata.CONNECTED),
    disconnected: members(SocketMetadata.DISCONNECTED),
    methods: members(SocketMetadata.METHOD),
  };
  const decorated =
    controller !== undefined ||
    [result.auth, result.connected, result.disconnected, result.methods].some(
      list => list.length > 0,
    );
  return decorated ? result : undefined;
}

/** What is known of a decorated method's parameters. */
export interface MethodParameters {
  /** How many are not injected; the values fill them in order. */
  readonly count: number;
  /** The types of those that the values fill, as the compiler emits them. */
  readonly types: readonly unknown[];
  /** Whether the compiler emits types. */
  readonly typed: boolean;
  /** Whether one carries `@param` or `@requestBody`. */
  readonly ofRest: boolean;
  /** Whether the parameter after the last value, injected ones left out, is a callback. */
  readonly takesCallback: boolean;
  /** The class that the last value's parameter has as its type, when it is a model. */
  readonly model?: Constructor<object>;
  /** Whether the last value's parameter has a default. */
  readonly optional: boolean;
}

/**
 * Says how `values` (socket, credentials and so on) fill a method's parameters. Injected parameters
 * are skipped, and the one after the last value is a callback when its type is a function.
 */
export function describeParameters(
  type: Constructor<unknown>,
  member: string,
  values: number,
): MethodParameters {
  const prototype = type.prototype as Record<string, (...args: unknown[]) => unknown>;
  const {length} = prototype[member];
  // LoopBack asks an instance, which inherits the injections of a method that its class overrides.
  const injections = describeInjectedArguments(
    Object.create(prototype) as object,
    member,
  );
  const design = MetadataInspector.getDesignTypeForMethod(prototype, member);
  const types = (design?.parameterTypes ?? []) as readonly unknown[];
  const filled: unknown[] = [];
  let count = 0;
  let takesCallback = false;
  let model: Constructor<object> | undefined;
  let optional = false;
  for (let at = 0; at < Math.max(types.length, length, injections.length); at++) {
    const injection = injections.at(at);
    if (injection?.bindingSelector || injection?.resolve) continue;
    count++;
    if (count <= values) filled.push(types[at]);
    if (count === values) {
      model = modelOf(types[at]);
      optional = at >= length;
    } else if (count === values + 1) {
      takesCallback = isCallback(types[at], at < length);
    }
  }
  return {
    count,
    types: filled,
    typed: design?.parameterTypes !== undefined,
    ofRest: REST_PARAMETERS.some(key =>
      MetadataInspector.getAllParameterMetadata(key, prototype, member)?.some(Boolean),
    ),
    takesCallback,
    optional,
    ...(model && {model}),
  };
}

/** What `@param` and `@requestBody` of `@loopback/rest` leave on a parameter. */
const REST_PARAMETERS = ['openapi-v3:parameters', 'openapi-v3:request-body'].map(key =>
  MetadataAccessor.create<object, ParameterDecorator>(key),
);

/** What LoopBack's REST server knows of a method that is an operation; `undefined` for others. */
export function describeOperation(
  type: Constructor<unknown>,
  member: string,
): {readonly spec: OperationObject; readonly schemas: SchemasObject} | undefined {
  const {paths, components} = getControllerSpec(type);
  const operations = (Object.values(paths) as Record<string, OperationObject>[]).flatMap(
    path => Object.values(path),
  );
  const spec = operations.find(one => one['x-operation-name'] === member);
  return spec && {spec, schemas: components?.schemas ?? {}};
}

/** `Object` is what the compiler emits for `any` and for types that only exist at compile time. */
function isCallback(type: unknown, counted: boolean): boolean {
  return type === Function || ((type === undefined || type === Object) && counted);
}

/** What `@model` of `@loopback/repository` leaves on a class. */
const MODEL = MetadataAccessor.create<object, ClassDecorator>('loopback:model');

/** A parameter's type, when it is a `@model`. */
export function modelOf(type: unknown): Constructor<object> | undefined {
  if (typeof type !== 'function') return undefined;
  return MetadataInspector.getClassMetadata(MODEL, type)
    ? (type as Constructor<object>)
    : undefined;
}
