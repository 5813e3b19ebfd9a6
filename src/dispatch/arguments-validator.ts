import type {Context} from '@loopback/context';
import {
  getModelSchemaRef,
  RestBindings,
  validateValueAgainstSchema,
} from '@loopback/rest';
import type {ReferenceObject, SchemaObject, SchemaRef} from '@loopback/rest';
import type {SocketSchema} from '../decorators/metadata';

type ValidationOptions = NonNullable<Parameters<typeof validateValueAgainstSchema>[3]>;

/**
 * Checks a method's args as LoopBack's REST API checks request bodies: with its AJV factory, options
 * and formats. The schema is compiled at the first call.
 */
export class ArgumentsValidator {
  private readonly schema: SchemaObject | ReferenceObject;
  private readonly definitions: SchemaRef['definitions'];
  private options?: Promise<ValidationOptions>;

  constructor(schema: SocketSchema) {
    const given = typeof schema === 'function' ? getModelSchemaRef(schema) : schema;
    this.schema = given;
    this.definitions = 'definitions' in given ? (given as SchemaRef).definitions : {};
  }

  /** @throws HttpError 422 `VALIDATION_FAILED` with REST's `details`. */
  async validate(args: unknown, context: Context): Promise<void> {
    this.options ??= readOptions(context);
    await validateValueAgainstSchema(
      args,
      this.schema,
      this.definitions,
      await this.options,
    );
  }
}

async function readOptions(context: Context): Promise<ValidationOptions> {
  const find = {optional: true} as const;
  const parsing = await context.get(RestBindings.REQUEST_BODY_PARSER_OPTIONS, find);
  const ajvFactory = await context.get(RestBindings.AJV_FACTORY, find);
  return {...parsing?.validation, ...(ajvFactory && {ajvFactory}), source: 'body'};
}
