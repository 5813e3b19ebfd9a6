import {isObject} from './objects';
import type {JsonObject} from './objects';
import {commentText} from './comments';

/** A schema of which `json-schema-to-typescript` makes one type, without looking elsewhere. */
export interface TypeSchema {
  /** A type in TypeScript's words. Documents cannot set it. */
  tsType?: string;
  type?: string | string[];
  enum?: readonly unknown[];
  description?: string;
  deprecated?: true;
  properties?: Record<string, TypeSchema>;
  required?: string[];
  additionalProperties?: TypeSchema | boolean;
  items?: TypeSchema | TypeSchema[];
  additionalItems?: TypeSchema | boolean;
  anyOf?: TypeSchema[];
  oneOf?: TypeSchema[];
  allOf?: TypeSchema[];
}

/** The keywords that join schemas of one value. */
export const JOINING = ['anyOf', 'oneOf', 'allOf'] as const;

const TYPES: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
]);

/** Formats of strings that travel as bytes. */
const BINARY: ReadonlySet<unknown> = new Set(['binary', 'buffer']);
const BYTES = '(ArrayBuffer | Uint8Array)';

/** `json-schema-to-typescript` calls the method of that name of its objects. */
const OWN_METHOD = 'hasOwnProperty';
const STAND_IN = 'hasOwnProperty$0';

/** Restores the names that {@link typeSchemaOf} has replaced. */
export function restoreNames(source: string): string {
  return source.replaceAll(STAND_IN, OWN_METHOD);
}

/**
 * Converts a schema of a document. It keeps known keywords only: others, such as titles, `tsType` or references to
 * files, would give `json-schema-to-typescript` orders.
 *
 * @param nameOf - Returns the name of the type that a reference is to.
 */
export function typeSchemaOf(
  schema: unknown,
  nameOf: (reference: string) => string,
): TypeSchema {
  if (schema === false) return {tsType: 'never'};
  if (!isObject(schema)) return {};
  const convert = (part: unknown) => typeSchemaOf(part, nameOf);
  const texts = textsOf(schema);
  if (typeof schema.$ref === 'string') return {tsType: nameOf(schema.$ref), ...texts};
  const types = typesOf(schema);
  if (BINARY.has(schema.format) && types.includes('string')) {
    return {tsType: types.includes('null') ? `(${BYTES} | null)` : BYTES, ...texts};
  }
  return {
    ...texts,
    ...(types.length > 0 && {type: types.length === 1 ? types[0] : types}),
    ...valuesOf(schema),
    ...(types.includes('object') && objectOf(schema, convert)),
    ...(types.includes('array') && arrayOf(schema, convert)),
    ...joinedOf(schema, convert),
  };
}

function typesOf({type, properties, additionalProperties, items}: JsonObject): string[] {
  const given = (Array.isArray(type) ? type : [type]).filter(one => TYPES.has(one));
  if (given.length > 0) return [...new Set(given as string[])];
  if (isObject(properties) || isObject(additionalProperties)) return ['object'];
  return items === undefined ? [] : ['array'];
}

function textsOf({description, deprecated}: JsonObject): TypeSchema {
  return {
    ...(typeof description === 'string' && {description: commentText(description)}),
    ...(deprecated === true && {deprecated}),
  };
}

function valuesOf(schema: JsonObject): TypeSchema {
  const given = 'const' in schema ? [schema.const] : schema.enum;
  const isValue = (value: unknown) => value === null || typeof value !== 'object';
  if (!Array.isArray(given) || given.length === 0 || !given.every(isValue)) return {};
  return {enum: [...new Set(given as unknown[])]};
}

function objectOf(
  {additionalProperties, patternProperties, properties, required}: JsonObject,
  convert: (schema: unknown) => TypeSchema,
): TypeSchema {
  const entries = isObject(properties) ? Object.entries(properties) : [];
  const rename = (name: string) => (name === OWN_METHOD ? STAND_IN : name);
  // Other properties are allowed nearly everywhere; naming them would hide every spelling mistake.
  let others: TypeSchema | boolean = entries.length === 0;
  if (isObject(additionalProperties)) others = convert(additionalProperties);
  else if (typeof additionalProperties === 'boolean') others = additionalProperties;
  if (isObject(patternProperties)) {
    const schemas = Object.values(patternProperties).map(convert);
    others = others === false ? {anyOf: schemas} : true;
  }
  const names = Array.isArray(required) ? (required as unknown[]) : [];
  return {
    properties: Object.fromEntries(
      entries.map(([name, schema]) => [rename(name), convert(schema)]),
    ),
    required: names.filter(name => typeof name === 'string').map(rename),
    additionalProperties: others,
  };
}

function arrayOf(
  {items, additionalItems}: JsonObject,
  convert: (schema: unknown) => TypeSchema,
): TypeSchema {
  if (!Array.isArray(items)) return {items: convert(items)};
  return {
    items: items.map(convert),
    additionalItems: isObject(additionalItems)
      ? convert(additionalItems)
      : additionalItems !== false,
  };
}

function joinedOf(
  schema: JsonObject,
  convert: (schema: unknown) => TypeSchema,
): TypeSchema {
  const joined = JOINING.filter(keyword => {
    const parts = schema[keyword];
    return Array.isArray(parts) && parts.length > 0;
  });
  return Object.fromEntries(
    joined.map(keyword => [keyword, (schema[keyword] as unknown[]).map(convert)]),
  );
}
