import type {OperationObject, ParameterLocation} from '@loopback/rest';
import {isDeepStrictEqual} from 'node:util';
import {tryPart} from '../common/private-parts';
import {RestOperation} from './rest-operation';
import {convertSchema} from './schema-compiler';

const PACKAGE = '@loopback/rest';
const PLACES: readonly ParameterLocation[] = ['path', 'query', 'header'];
// The body comes first, as in a method that names no place for it.
const ARGS = {
  body: {deep: true},
  path: 'in path',
  query: 'in query',
  header: 'in header',
};
/** An operation with an argument in each place. */
const OPERATION: OperationObject = {
  parameters: PLACES.map(place => ({name: place, in: place})),
  requestBody: {content: {'application/json': {}}},
  responses: {},
};

/**
 * Tries how the installed REST API reads the args of an operation, which this package lays out as a request,
 * and how it converts a schema.
 *
 * @throws Error when it does so in another way.
 */
export async function checkRest(): Promise<void> {
  const operation = new RestOperation(
    {path: '/', verb: 'get', spec: OPERATION, schemas: {}},
    'check',
  );
  const [args, schema] = await Promise.allSettled([
    operation.parseWith(ARGS, {}),
    convertSchema({schema: {type: 'string'}, definitions: {}}),
  ]);
  tryPart(PACKAGE, 'parseOperationArgs', () =>
    isDeepStrictEqual(valueOf(args), Object.values(ARGS)),
  );
  tryPart(PACKAGE, 'validateValueAgainstSchema', () => valueOf(schema).type === 'string');
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
