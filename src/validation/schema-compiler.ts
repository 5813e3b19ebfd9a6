import {validateValueAgainstSchema} from '@loopback/rest';
import {SocketErrors} from '../wire/refusals';
import type {ArgumentSchema, JsonSchema} from './argument-schema';

export type ValidationOptions = NonNullable<
  Parameters<typeof validateValueAgainstSchema>[3]
>;
export type AjvFactory = NonNullable<ValidationOptions['ajvFactory']>;
type Ajv = ReturnType<AjvFactory>;
type AjvErrors = Parameters<NonNullable<ValidationOptions['ajvErrorTransformer']>>[0];
/** What REST hands to AJV. */
export type ConvertedSchema = JsonSchema & {
  readonly components: {readonly schemas: Readonly<Record<string, JsonSchema>>};
};

/** How many of the mistakes in args are told: each takes an error, with the path to it. */
export type Told = 'all' | 'first';

/** Throws, or rejects, when a value is not what the schema asks for. */
export type Check = (value: unknown) => Promise<unknown> | undefined;

/** Has REST convert a schema to what it compiles. */
export async function convertSchema({
  schema,
  definitions,
}: ArgumentSchema): Promise<ConvertedSchema> {
  let converted: ConvertedSchema | undefined;
  const ajv = {
    compile: (given: ConvertedSchema) => {
      converted = given;
      return () => true;
    },
  };
  await validateValueAgainstSchema(undefined, schema, definitions, {
    ajvFactory: () => ajv as unknown as Ajv,
    compiledSchemaCache: new WeakMap(),
  });
  if (!converted) throw new Error('@loopback/rest did not compile the schema.');
  return converted;
}

/**
 * Compiles schemas as REST does, but all with the same AJV, because making one takes far longer than
 * compiling a schema, and as synchronous ones where no keyword is asynchronous.
 */
export class SchemaCompiler {
  /** What REST validates with, and the same for args of which only one mistake is told. */
  readonly options: Readonly<Record<Told, ValidationOptions>>;
  private shared?: Ajv;

  constructor(
    private readonly factory: AjvFactory,
    configured: ValidationOptions,
  ) {
    const all: ValidationOptions = {...configured, ajvFactory: factory, source: 'body'};
    const {ajvErrorTransformer: transform} = all;
    const first: ValidationOptions = {
      ...all,
      ajvFactory: options => stopAtFirst(factory(options)),
      ajvErrorTransformer: errors => {
        const told = errors.slice(0, 1);
        return transform ? transform(told) : told;
      },
      compiledSchemaCache: new WeakMap(),
    };
    this.options = {all, first};
  }

  /** @throws Error when the schema is wrong. */
  compile(schema: ConvertedSchema, told: Told): Check {
    const validate = this.compileShared(schema, told);
    const {ajvErrorTransformer: transform} = this.options[told];
    const refuse = (errors: AjvErrors): never => {
      throw SocketErrors.invalidArgs(
        (transform?.(errors) ?? errors).map(
          ({instancePath, keyword, message, params}) => ({
            path: instancePath,
            code: keyword,
            message: message ?? `must pass validation rule ${keyword}`,
            info: params as object,
          }),
        ),
      );
    };
    return value => {
      const valid: unknown = validate(value);
      if (valid === true) return undefined;
      if (valid === false) return refuse(validate.errors ?? []);
      return (valid as Promise<unknown>).catch((error: unknown) => {
        const {errors} = error as {errors?: AjvErrors};
        if (errors) refuse(errors);
        throw error;
      });
    };
  }

  private compileShared(schema: ConvertedSchema, told: Told) {
    const {all} = this.options;
    const variant = (ajv: Ajv) => (told === 'all' ? ajv : stopAtFirst(ajv));
    try {
      this.shared ??= this.factory(all);
      return compileWith(variant(this.shared), schema);
    } catch {
      // Another schema may stand in its way, such as one with the same `$id`.
      return compileWith(variant(this.factory(all)), schema);
    }
  }
}

/** LoopBack's AJV, stopped at the first mistake; what LoopBack adds to it cannot be made so. */
function stopAtFirst(ajv: Ajv): Ajv {
  const opts = {...ajv.opts, allErrors: false};
  return Object.create(ajv, {opts: {value: opts}}) as Ajv;
}

function compileWith(ajv: Ajv, schema: ConvertedSchema) {
  try {
    return compileOnce(ajv, asSynchronous(schema));
  } catch {
    return compileOnce(ajv, schema);
  }
}

/** AJV would keep each schema, and each `$id`, as long as itself. */
function compileOnce(ajv: Ajv, schema: JsonSchema) {
  try {
    return ajv.compile(schema);
  } finally {
    ajv.removeSchema(schema);
  }
}

function asSynchronous(schema: ConvertedSchema): ConvertedSchema {
  const schemas = Object.entries(schema.components.schemas).map(([name, definition]) => [
    name,
    withoutAsync(definition),
  ]);
  const components = {schemas: Object.fromEntries(schemas) as Record<string, JsonSchema>};
  return {...withoutAsync(schema), components};
}

function withoutAsync(schema: JsonSchema): JsonSchema {
  const copy: {$async?: unknown} & JsonSchema = {...schema};
  delete copy.$async;
  return copy;
}
