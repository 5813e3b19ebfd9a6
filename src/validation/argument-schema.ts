import type {Constructor} from '@loopback/core';
import {getModelSchemaRef} from '@loopback/rest';
import type {SchemasObject} from '@loopback/rest';
import {isRecord} from '../common/objects';
import type {SocketSchema} from '../decorators/metadata';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema, and the schemas that `#/components/schemas/…` in it may name. */
export interface ArgumentSchema {
  readonly schema: JsonSchema;
  readonly definitions: SchemasObject;
}

type Change = (schema: JsonSchema) => JsonSchema;

/** Keywords whose value is a schema, or a list of schemas. */
const NESTED: ReadonlySet<string> = new Set([
  'items',
  'additionalProperties',
  'not',
  'allOf',
  'anyOf',
  'oneOf',
  'contains',
  'propertyNames',
  'if',
  'then',
  'else',
]);
/** Keywords whose value is an object of schemas. */
const NAMED: ReadonlySet<string> = new Set(['properties', 'patternProperties']);

const TS_TYPE = 'x-ts-type';
const COMPONENTS = '#/components/schemas/';

/** The schemas of JavaScript's own classes, as REST describes them. */
const BUILT_IN = new Map<unknown, JsonSchema>([
  [String, {type: 'string'}],
  [Number, {type: 'number'}],
  [Boolean, {type: 'boolean'}],
  [Date, {type: 'string', format: 'date-time'}],
  [Object, {type: 'object'}],
  [Array, {type: 'array'}],
]);

/**
 * Reads a schema as REST reads the schema of a request body: a class is replaced by its schema, and the
 * definitions that `getModelSchemaRef` puts into a schema are collected from all levels.
 */
export function readSchema(given: SocketSchema): ArgumentSchema {
  const definitions: SchemasObject = {};
  const read: Change = schema => {
    const {[TS_TYPE]: type, definitions: own, ...rest} = schema;
    for (const [name, definition] of Object.entries((own ?? {}) as SchemasObject)) {
      if (Object.hasOwn(definitions, name)) continue;
      // Set before it is read, because it may refer to itself.
      definitions[name] = definition;
      definitions[name] = changed(definition, read) as JsonSchema;
    }
    if (typeof type === 'function') return {...rest, ...read(schemaOf(type))};
    const {$ref: reference} = rest;
    if (typeof reference !== 'string') return mapNested(rest, read);
    return {...rest, $ref: reference.replace(/^#\/definitions\//, COMPONENTS)};
  };
  const schema = read(typeof given === 'function' ? {[TS_TYPE]: given} : {...given});
  return {schema, definitions};
}

/** Adds the schemas of the application that a schema refers to. */
export function withShared(
  {schema, definitions}: ArgumentSchema,
  shared: () => SchemasObject,
): ArgumentSchema {
  const all: SchemasObject = {};
  const visit: Change = one => {
    const name = componentOf(one.$ref);
    if (name !== undefined && !Object.hasOwn(all, name)) {
      const owner = Object.hasOwn(definitions, name) ? definitions : shared();
      if (Object.hasOwn(owner, name)) {
        all[name] = owner[name];
        visit(owner[name]);
      }
    }
    return mapNested(one, visit);
  };
  visit(schema);
  return {schema, definitions: all};
}

/** Returns the name of the component that a reference is to. */
export function componentOf(reference: unknown): string | undefined {
  if (typeof reference !== 'string' || !reference.startsWith(COMPONENTS))
    return undefined;
  const [name] = reference.slice(COMPONENTS.length).split('/');
  return decodeURIComponent(name).replace(/~1/g, '/').replace(/~0/g, '~');
}

/** Returns true for a class of JavaScript that has a schema. */
export function isBuiltIn(type: unknown): boolean {
  return BUILT_IN.has(type);
}

function schemaOf(type: unknown): JsonSchema {
  return BUILT_IN.get(type) ?? {...getModelSchemaRef(type as Constructor<object>)};
}

/** Copies a schema, and replaces each schema inside it by the result of `change`. */
function mapNested(schema: JsonSchema, change: Change): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (NESTED.has(keyword)) return [keyword, changed(value, change)];
      if (!NAMED.has(keyword) || !isRecord(value)) return [keyword, value];
      const named = Object.entries(value).map(([name, one]) => [
        name,
        changed(one, change),
      ]);
      return [keyword, Object.fromEntries(named)];
    }),
  );
}

function changed(value: unknown, change: Change): unknown {
  if (Array.isArray(value)) return value.map(one => changed(one, change));
  return isRecord(value) ? change(value) : value;
}
