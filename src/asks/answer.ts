import type {SocketSchema} from '../decorators/metadata';
import {isRecord} from '../common/objects';
import {SchemaValidator} from '../validation/schema-validator';
import {AskError} from '../wire/ask-error';
import {ErrorCodes} from '../wire/protocol';
import {SocketError, SocketErrors} from '../wire/refusals';
import type {AskingEndpoint, Outcome} from './ports';

/** The validators of schemas, which compile each schema once. */
const validators = new WeakMap<object, SchemaValidator>();

/** Reads the value that an ack has got: a `Reply`, or the reason why there is none. */
export function readAnswer(value: unknown): Omit<Outcome, 'socket'> {
  if (value instanceof SocketError) return {error: errorOf(value)};
  if (!isRecord(value)) return {error: badAnswer('The client has answered no Reply.')};
  const {error, result} = value;
  return error === undefined ? {result} : {error: AskError.answered(error)};
}

/** A payload that is refused is no answer; a client that has left has none. */
function errorOf(error: SocketError): AskError {
  if (error.code === ErrorCodes.CLIENT_GONE) return AskError.of(error);
  return badAnswer(`The answer is refused: ${error.message}`);
}

/**
 * Checks the result of an answer.
 *
 * @throws Error when the schema cannot be compiled.
 */
export async function checkResult(
  result: unknown,
  schema: SocketSchema,
  {context}: AskingEndpoint,
): Promise<Omit<Outcome, 'socket'>> {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = new SchemaValidator(schema)));
  try {
    await validator.validate(result, context);
    return {result};
  } catch (error) {
    if (!isInvalid(error)) throw error;
    const {details} = error;
    return {error: badAnswer('The result does not match the schema.', details)};
  }
}

function isInvalid(error: unknown): error is {details: object} {
  return isRecord(error) && error.code === ErrorCodes.VALIDATION_FAILED;
}

function badAnswer(message: string, details?: object): AskError {
  return AskError.of(SocketErrors.badAnswer(message, details));
}
