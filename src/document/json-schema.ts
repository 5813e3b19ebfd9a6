import {isRecord} from '../common/objects';

type Schema = Readonly<Record<string, unknown>>;
/** Returns the keywords of JSON Schema for one of OpenAPI's. */
type Convert = (value: unknown, schema: Schema) => Schema;

/** Text that LoopBack appends to descriptions of models, for its own use. */
const TS_TYPE_TEXT = /\s*\(tsType: [^)]*\)/;

const nothing: Convert = () => ({});

/** Returns the limit itself for an exclusive limit that is `true`, and leaves out one that is `false`. */
const exclusive =
  (keyword: string, limit: string): Convert =>
  (value, schema) => {
    if (typeof value !== 'boolean') return {[keyword]: value};
    return value ? {[keyword]: schema[limit]} : {};
  };

/** Returns a limit, unless it is exclusive. */
const inclusive =
  (keyword: string, exclusiveKeyword: string): Convert =>
  (value, schema) =>
    schema[exclusiveKeyword] === true ? {} : {[keyword]: value};

const named =
  (keyword: string): Convert =>
  schemas => ({[keyword]: isRecord(schemas) ? mapValues(schemas) : schemas});

const unchanged =
  (keyword: string): Convert =>
  value => ({[keyword]: value});

/** The keywords that differ in OpenAPI 3.0, that only LoopBack reads, or that hold no schema. */
const KEYWORDS: Readonly<Record<string, Convert>> = {
  nullable: nothing,
  'x-typescript-type': nothing,
  'x-index-info': nothing,
  'x-ts-type': nothing,
  example: (value, {examples}) => (examples === undefined ? {examples: [value]} : {}),
  discriminator: value => ({
    discriminator: isRecord(value) ? value.propertyName : value,
  }),
  description: value => {
    const text = String(value).replace(TS_TYPE_TEXT, '').trim();
    return text === '' ? {} : {description: text};
  },
  minimum: inclusive('minimum', 'exclusiveMinimum'),
  maximum: inclusive('maximum', 'exclusiveMaximum'),
  exclusiveMinimum: exclusive('exclusiveMinimum', 'minimum'),
  exclusiveMaximum: exclusive('exclusiveMaximum', 'maximum'),
  properties: named('properties'),
  patternProperties: named('patternProperties'),
  default: unchanged('default'),
  const: unchanged('const'),
  enum: unchanged('enum'),
  examples: unchanged('examples'),
};

/** Converts a schema of OpenAPI 3.0 to JSON Schema. */
export function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (!isRecord(schema)) return schema;
  const converted: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (Object.hasOwn(KEYWORDS, keyword))
      Object.assign(converted, KEYWORDS[keyword](value, schema));
    else converted[keyword] = toJsonSchema(value);
  }
  return schema.nullable === true ? orNull(converted) : converted;
}

function mapValues(schemas: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, toJsonSchema(schema)]),
  );
}

function orNull(schema: Schema): Schema {
  const {type, enum: values} = schema;
  if (typeof type !== 'string' || 'const' in schema)
    return {anyOf: [schema, {type: 'null'}]};
  const all = values as unknown[] | undefined;
  return {
    ...schema,
    type: [type, 'null'],
    ...(all && !all.includes(null) && {enum: [...all, null]}),
  };
}
