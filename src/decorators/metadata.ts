import type {Constructor} from '@loopback/context';
import {
  describeInjectedArguments,
  MetadataAccessor,
  MetadataInspector,
  MethodDecoratorFactory,
} from '@loopback/core';
import {getControllerSpec} from '@loopback/rest';
import type {ReferenceObject, SchemaObject, SchemaRef} from '@loopback/rest';

/** A JSON schema, what `getModelSchemaRef` gives, or a model class. */
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
   * What the args must be: others are refused with 422 and `VALIDATION_FAILED`. A JSON schema, a model
   * class, or `getModelSchemaRef(…)`.
   *
   * @default no check
   */
  args?: SocketSchema;
  /** What the result is, for documents. */
  result?: SocketSchema;
  /** One line on what the method does, for documents. */
  summary?: string;
  /** What a caller should know, for documents. */
  description?: string;
  /** Marks the method as one not to be used any more, in documents. @default false */
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

/**
 * Lets a method be decorated more than once. Decorating an inherited method again replaces what the
 * base class said of it.
 */
export class HandlerDecoratorFactory<T extends object> extends MethodDecoratorFactory<
  T[]
> {
  protected override mergeWithInherited(
    inherited: Record<string, T[]> | undefined,
    target: object,
    member: string,
  ): Record<string, T[]> {
    return {...inherited, [member]: this.withTarget([...this.spec], target)};
  }

  protected override mergeWithOwn(
    own: Record<string, T[] | undefined>,
    target: object,
    member: string,
  ): Record<string, T[]> {
    // The first decorator of a subclass copied the base class's entries of every member.
    const entries = own[member] ?? [];
    const mine = this.getTarget(entries) === target ? entries : [];
    const merged = this.withTarget([...mine, ...this.spec], target);
    return {...own, [member]: merged} as Record<string, T[]>;
  }

  static create<T extends object>(
    key: MetadataAccessor<T[], MethodDecorator>,
    spec: T,
    decoratorName: string,
  ): MethodDecorator {
    return (target, member, descriptor) => {
      if (typeof target === 'function') {
        throw new Error(
          `${decoratorName} is for methods of instances: ${target.name}.${String(member)} is static. ` +
            'Remove "static", or pass {model, method} to the server instead.',
        );
      }
      const factory = new HandlerDecoratorFactory<T>(key.toString(), [spec], {
        decoratorName,
      });
      factory.create()(target, member, descriptor);
    };
  }
}

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

const described = new WeakMap<object, DecoratedClass | undefined>();

/** Reads a class's decorators; `undefined` when it has none of this package's. */
export function describeClass(type: Constructor<unknown>): DecoratedClass | undefined {
  if (!described.has(type)) described.set(type, readClass(type));
  return described.get(type);
}

function readClass(type: Constructor<unknown>): DecoratedClass | undefined {
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

/** How one parameter of a handler, leaving out the injected ones, is filled. */
export type ParameterSource =
  {readonly kind: 'value'; readonly index: number} | {readonly kind: 'none'};

/** What is known of a decorated method's parameters. */
export interface MethodParameters {
  /** Sources of the parameters that are not injected, in order. */
  readonly sources: readonly ParameterSource[];
  /** Position of the callback among all parameters, injected ones too; -1 without one. */
  readonly callbackAt: number;
  /** Whether the method is a REST operation too. */
  readonly rest: boolean;
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
  const injections = describeInjectedArguments(prototype, member);
  const types =
    MetadataInspector.getDesignTypeForMethod(prototype, member)?.parameterTypes ?? [];
  const sources: ParameterSource[] = [];
  let callbackAt = -1;
  for (let at = 0; at < Math.max(types.length, length, injections.length); at++) {
    const injection = injections.at(at);
    if (injection?.bindingSelector || injection?.resolve) continue;
    const index = sources.length;
    if (index < values) {
      sources.push({kind: 'value', index});
    } else if (index === values && isCallback(types[at], at < length)) {
      callbackAt = at;
      sources.push({kind: 'none'});
    } else {
      sources.push({kind: 'none'});
    }
  }
  return {
    sources,
    callbackAt,
    rest: isRestOperation(type, member),
  };
}

/** `Object` is what the compiler emits for `any` and for types that only exist at compile time. */
function isCallback(type: unknown, counted: boolean): boolean {
  return type === Function || ((type === undefined || type === Object) && counted);
}

function isRestOperation(type: Constructor<unknown>, member: string): boolean {
  const paths = getControllerSpec(type).paths as Record<string, object>;
  return Object.values(paths).some(operations =>
    Object.values(operations).some(
      operation => (operation as Record<string, unknown>)['x-operation-name'] === member,
    ),
  );
}
