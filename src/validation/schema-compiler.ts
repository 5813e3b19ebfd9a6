import {validateValueAgainstSchema} from '@loopback/rest';
import {SocketErrors} from '../wire/refusals';
import type {ArgumentSchema, JsonSchema} from './argument-schema';

export type ValidationOptions = NonNullable<
  Parameters<typeof validateValueAgainstSchema>[3]
>;
export type AjvFactory = NonNullable<ValidationOptions['ajvFactory']>;
type Ajv = ReturnType<AjvFactory>;
type AjvErrors = Parameters<NonNullable<ValidationOptions['ajvErrorTransformer']>>[0];
/** The schema that REST passes to AJV. */
export type ConvertedSchema = JsonSchema & {
  readonly components: {readonly schemas: Readonly<Record<string, JsonSchema>>};
};

/** The errors of args that the client receives. Many errors make a large answer. */
export type ReportedErrors = 'all' | 'first';

/** Throws, or rejects, when a value does not match the schema. Returns a promise for an asynchronous schema. */
export type Check = (value: unknown) => Promise<unknown> | undefined;

/** Returns the schema as REST passes it to AJV: REST converts it, and gets an AJV that only keeps it. */
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
 * Compiles schemas as REST does, with two differences that save time: all schemas share one AJV, and a schema
 * without asynchronous keywords is compiled as a synchronous one.
 */
export class SchemaCompiler {
  /** The options of REST, and the same options for a check that reports only the first error. */
  readonly options: Readonly<Record<ReportedErrors, ValidationOptions>>;
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
        const reported = errors.slice(0, 1);
        return transform ? transform(reported) : reported;
      },
      compiledSchemaCache: new WeakMap(),
    };
    this.options = {all, first};
  }

  /** @throws Error when the schema cannot be compiled. */
  compile(schema: ConvertedSchema, reported: ReportedErrors): Check {
    const validate = this.compileShared(schema, reported);
    const {ajvErrorTransformer: transform} = this.options[reported];
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

  private compileShared(schema: ConvertedSchema, reported: ReportedErrors) {
    const {all} = this.options;
    const variant = (ajv: Ajv) => (reported === 'all' ? ajv : stopAtFirst(ajv));
    try {
      this.shared ??= this.factory(all);
      return compileWith(variant(this.shared), schema);
    } catch {
      // An earlier schema may conflict with it, for example one with the same `$id`.
      return compileWith(variant(this.factory(all)), schema);
    }
  }
}

/** Returns a view of an AJV that stops at the first error. LoopBack's AJV cannot be made without `allErrors`. */
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

/** Compiles a schema and removes it from AJV, which otherwise keeps every schema and `$id`. */
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
