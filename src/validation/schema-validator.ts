import type {Context} from '@loopback/core';
import type {SocketSchema} from '../decorators/metadata';
import {isLong} from '../wire/json-text';
import {readSchema} from './argument-schema';
import {RestValidation} from './rest-validation';
import type {Check, Told} from './schema-compiler';
import {weigh} from '../common/weight';

/** The largest args, in bytes, of which all mistakes are told. */
const MAX_TOLD_BYTES = 8 * 1024;

export function toldOf(args: unknown): Told {
  const large = isLong(args) || weigh(args, MAX_TOLD_BYTES) > MAX_TOLD_BYTES;
  return large ? 'first' : 'all';
}

/**
 * Checks args as LoopBack's REST API checks request bodies: with its AJV, options, formats and errors.
 * The schema is compiled at the first value.
 */
export class SchemaValidator {
  private readonly compiled: {all?: Check; first?: Check} = {};

  constructor(private readonly schema: SocketSchema) {}

  /** @throws HttpError 422 `VALIDATION_FAILED` with REST's `details`. */
  validate(value: unknown, context: Context): Promise<unknown> | undefined {
    const told = toldOf(value);
    const check = this.compiled[told];
    return check
      ? check(value)
      : this.compile(context, told).then(compiled => compiled(value));
  }

  /** Says what is wrong with the schema, if anything. */
  problem(validation: RestValidation): Promise<string | undefined> {
    const {schema} = this;
    return validation.problemOf(schema, () => readSchema(schema));
  }

  private async compile(context: Context, told: Told): Promise<Check> {
    const validation = await RestValidation.of(context);
    const check = await validation.checkOf(this.schema, told);
    this.compiled[told] = check;
    return check;
  }
}
