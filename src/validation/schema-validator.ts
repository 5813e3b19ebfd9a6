import type {Context} from '@loopback/core';
import type {SocketSchema} from '../decorators/metadata';
import {isLong} from '../wire/json-text';
import {readSchema} from './argument-schema';
import {RestValidation} from './rest-validation';
import type {Check, ReportedErrors} from './schema-compiler';
import {weigh} from '../common/weight';

/** Size of the largest args, in bytes, of which all errors are reported. */
const MAX_FULLY_CHECKED_BYTES = 8 * 1024;

export function reportedErrorsFor(args: unknown): ReportedErrors {
  const large =
    isLong(args) || weigh(args, MAX_FULLY_CHECKED_BYTES) > MAX_FULLY_CHECKED_BYTES;
  return large ? 'first' : 'all';
}

/**
 * Checks args as LoopBack's REST API checks request bodies: with the same AJV, options, formats and errors.
 * Compiles the schema when it checks the first args.
 */
export class SchemaValidator {
  private readonly compiled: {all?: Check; first?: Check} = {};

  constructor(private readonly schema: SocketSchema) {}

  /** @throws HttpError 422 `VALIDATION_FAILED` with REST's `details`. */
  validate(value: unknown, context: Context): Promise<unknown> | undefined {
    const reported = reportedErrorsFor(value);
    const check = this.compiled[reported];
    return check
      ? check(value)
      : this.compile(context, reported).then(compiled => compiled(value));
  }

  /** Returns the error of a schema that cannot be compiled. */
  schemaProblem(validation: RestValidation): Promise<string | undefined> {
    const {schema} = this;
    return validation.problemOf(schema, () => readSchema(schema));
  }

  private async compile(context: Context, reported: ReportedErrors): Promise<Check> {
    const validation = await RestValidation.of(context);
    const check = await validation.checkOf(this.schema, reported);
    this.compiled[reported] = check;
    return check;
  }
}
