import {isRecord} from '../common/objects';
import type {ArgumentSchema} from './argument-schema';

/** The schemas that `#/components/schemas/…` can refer to. */
type Components = Readonly<Record<string, unknown>>;
type Rule = (value: unknown, components: Components) => boolean;

const TYPES: readonly unknown[] = [
  'string',
  'number',
  'integer',
  'boolean',
  'object',
  'array',
  'null',
];

/** Formats of `ajv-formats` and of OpenAPI, which LoopBack's AJV knows. */
const FORMATS: readonly unknown[] = [
  'date',
  'time',
  'date-time',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uuid',
  'int32',
  'int64',
  'float',
  'double',
  'byte',
  'binary',
];

const isAnything: Rule = () => true;
const isPrimitive: Rule = value => Object(value) !== value;
const isText: Rule = value => typeof value === 'string';
const isBoolean: Rule = value => typeof value === 'boolean';
const isNumber: Rule = value => Number.isFinite(value);
const isCount: Rule = value => Number.isSafeInteger(value) && (value as number) >= 0;

const isListOf = (rule: Rule): Rule => {
  return (value, components) =>
    Array.isArray(value) && value.length > 0 && value.every(one => rule(one, components));
};
const isSetOf = (rule: Rule): Rule => {
  const isList = isListOf(rule);
  return (value, components) =>
    isList(value, components) && new Set(value as []).size === (value as []).length;
};

/** A reference to a component, without an escaped character in its name. */
const WHOLE_COMPONENT = /^#\/components\/schemas\/([^/%~]+)$/;

/** The keywords that AJV accepts, each with a rule for its value. */
const RULES: Readonly<Record<string, Rule>> = {
  $ref: (value, components) => {
    const name = typeof value === 'string' && WHOLE_COMPONENT.exec(value)?.[1];
    return typeof name === 'string' && Object.hasOwn(components, name);
  },
  type: value => TYPES.includes(value),
  title: isText,
  description: isText,
  default: isAnything,
  'x-typescript-type': isAnything,
  'x-index-info': isAnything,
  enum: isSetOf(isPrimitive),
  const: isPrimitive,
  properties: (value, components) =>
    isRecord(value) && Object.values(value).every(one => isPlainSchema(one, components)),
  required: isSetOf(isText),
  additionalProperties: (value, components) =>
    typeof value === 'boolean' || isPlainSchema(value, components),
  minProperties: isCount,
  maxProperties: isCount,
  items: isPlainSchema,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: isBoolean,
  minimum: isNumber,
  maximum: isNumber,
  minLength: isCount,
  maxLength: isCount,
  format: value => FORMATS.includes(value),
  pattern: isPattern,
  allOf: isListOf(isPlainSchema),
  anyOf: isListOf(isPlainSchema),
  oneOf: isListOf(isPlainSchema),
  not: isPlainSchema,
};

/**
 * Returns true when REST and AJV certainly compile a schema and the schemas that it refers to. Returns false
 * when only AJV can decide. To make an AJV takes longer than the rest of the start.
 */
export function isPlain({schema, definitions}: ArgumentSchema): boolean {
  return [schema, ...Object.values(definitions)].every(one =>
    isPlainSchema(one, definitions),
  );
}

/** @param components - Only their names are used. */
function isPlainSchema(schema: unknown, components: Components): boolean {
  if (!isRecord(schema)) return false;
  for (const keyword of Object.keys(schema)) {
    if (!Object.hasOwn(RULES, keyword)) return false;
    if (!RULES[keyword](schema[keyword], components)) return false;
  }
  return true;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && Boolean(new RegExp(value, 'u'));
  } catch {
    return false;
  }
}
