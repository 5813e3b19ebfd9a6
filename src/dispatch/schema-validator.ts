import type {Context} from '@loopback/core';
import {
  getModelSchemaRef,
  RestBindings,
  validateValueAgainstSchema,
} from '@loopback/rest';
import type {ReferenceObject, SchemaObject, SchemaRef} from '@loopback/rest';
import type {SocketSchema} from '../decorators/metadata';
import {isLong} from '../payload';
import {ErrorCodes} from '../protocol';
import {SocketErrors} from '../refusals';
import {weigh} from './weight';

type ValidationOptions = NonNullable<Parameters<typeof validateValueAgainstSchema>[3]>;
type AjvFactory = NonNullable<ValidationOptions['ajvFactory']>;
type JsonSchema = {components?: {schemas?: Record<string, object>}} & object;

/** How many of the mistakes in args are told: each takes an error, with the path to it. */
type Told = 'all' | 'first';

/** The largest args, in bytes, of which all mistakes are told. */
const MAX_TOLD_BYTES = 8 * 1024;

export function toldOf(args: unknown): Told {
  const large = isLong(args) || weigh(args, MAX_TOLD_BYTES) > MAX_TOLD_BYTES;
  return large ? 'first' : 'all';
}

/** Throws, or rejects, when a value is not what the schema asks for. */
type Check = (value: unknown) => Promise<unknown> | undefined;

/**
 * Checks values as LoopBack's REST API checks request bodies: with its AJV factory, options, formats
 * and errors. The schema is compiled at the first value.
 */
export class SchemaValidator {
  private readonly compiled: {all?: Check; first?: Check} = {};

  constructor(private readonly given: SocketSchema) {}

  /** @throws HttpError 422 `VALIDATION_FAILED` with REST's `details`. */
  validate(value: unknown, context: Context): Promise<unknown> | undefined {
    const told = toldOf(value);
    const check = this.compiled[told];
    return check
      ? check(value)
      : this.compile(context, told).then(compiled => compiled(value));
  }

  private async compile(context: Context, told: Told): Promise<Check> {
    const {given} = this;
    const schema: SchemaObject | ReferenceObject =
      typeof given === 'function' ? getModelSchemaRef(given) : given;
    const definitions = 'definitions' in schema ? (schema as SchemaRef).definitions : {};
    const options = (await readValidationOptions(context))[told];
    const byRest: Check = value =>
      validateValueAgainstSchema(value, schema, definitions, options).catch(refuseArgs);
    const {ajvFactory} = options;
    const check =
      (ajvFactory && (await compileSync(schema, definitions, options, ajvFactory))) ??
      byRest;
    this.compiled[told] = check;
    return check;
  }
}

/** REST speaks of a request body, and a call has args. */
function refuseArgs(error: unknown): never {
  const {code, details} = error as {code?: unknown; details?: object[]};
  if (code === ErrorCodes.VALIDATION_FAILED)
    throw SocketErrors.invalidArgs(details ?? []);
  throw error;
}

/** How the application's REST API validates, and the same for args of which only one mistake is told. */
export async function readValidationOptions(
  context: Context,
): Promise<Record<Told, ValidationOptions>> {
  const find = {optional: true} as const;
  const parsing = await context.get(RestBindings.REQUEST_BODY_PARSER_OPTIONS, find);
  const bound = await context.get(RestBindings.AJV_FACTORY, find);
  const validation = parsing?.validation ?? {$data: true};
  const all: ValidationOptions = {
    ...(bound && {ajvFactory: bound}),
    ...validation,
    source: 'body',
  };
  const {ajvFactory, ajvErrorTransformer: transform} = all;
  const first: ValidationOptions = {
    ...all,
    ...(ajvFactory && {ajvFactory: stopAtFirst(ajvFactory)}),
    ajvErrorTransformer: errors => {
      const told = errors.slice(0, 1);
      return transform ? transform(told) : told;
    },
    compiledSchemaCache: new WeakMap(),
  };
  return {all, first};
}

/** LoopBack's AJV, stopped at the first mistake; what LoopBack adds to it cannot be made so. */
function stopAtFirst(factory: AjvFactory): AjvFactory {
  return options => {
    const ajv = factory(options);
    const opts = {...ajv.opts, allErrors: false};
    return Object.create(ajv, {opts: {value: opts}}) as typeof ajv;
  };
}

/**
 * REST compiles every schema as an asynchronous one. This lets REST convert the schema, and compiles
 * the result as a synchronous one.
 *
 * @returns `undefined` for a schema that needs to be asynchronous.
 */
async function compileSync(
  schema: SchemaObject | ReferenceObject,
  definitions: SchemaRef['definitions'],
  options: ValidationOptions,
  ajvFactory: AjvFactory,
): Promise<Check | undefined> {
  let ajv: ReturnType<AjvFactory> | undefined;
  let converted: JsonSchema | undefined;
  const capture: AjvFactory = ajvOptions => {
    const made = ajvFactory(ajvOptions);
    ajv = made;
    return Object.create(made, {
      compile: {
        value: (given: JsonSchema) => {
          converted = given;
          return () => true;
        },
      },
    }) as typeof made;
  };
  const fresh = {...options, ajvFactory: capture, compiledSchemaCache: new WeakMap()};
  await validateValueAgainstSchema(undefined, schema, definitions, fresh);
  if (!ajv || !converted) return undefined;
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(asSynchronous(converted));
  } catch {
    return undefined;
  }
  return value => {
    if (validate(value)) return undefined;
    const errors = validate.errors ?? [];
    const told = options.ajvErrorTransformer?.(errors) ?? errors;
    throw SocketErrors.invalidArgs(
      told.map(({instancePath, keyword, message, params}) => ({
        path: instancePath,
        code: keyword,
        message: message ?? `must pass validation rule ${keyword}`,
        info: params as object,
      })),
    );
  };
}

function asSynchronous(schema: JsonSchema): object {
  const schemas: Record<string, object> = {};
  for (const [name, definition] of Object.entries(schema.components?.schemas ?? {})) {
    schemas[name] = withoutAsync(definition);
  }
  return {...withoutAsync(schema), components: {schemas}};
}

function withoutAsync(schema: object): object {
  const copy: {$async?: boolean} = {...schema};
  delete copy.$async;
  return copy;
}
