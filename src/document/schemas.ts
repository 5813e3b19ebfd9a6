import {isRecord} from '../common/objects';
import type {SocketSchema} from '../decorators/metadata';
import {readSchema, withShared} from '../validation/argument-schema';
import type {SpecSchema} from './spec';

type Schemas = Readonly<Record<string, unknown>>;

/** Text that LoopBack appends to descriptions of models, for its own use. */
const TS_TYPE_TEXT = /\s*\(tsType: [^)]*\)/;

/** Keywords that only LoopBack reads. */
const INTERNAL: ReadonlySet<string> = new Set([
  'nullable',
  'example',
  'discriminator',
  'x-typescript-type',
  'x-index-info',
  'x-ts-type',
]);

/** Keywords whose value is no schema and holds none. */
const VALUES: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples']);

/** The schemas of a document: those of models by their names in `/openapi.json`. */
export class SpecSchemas {
  readonly all: Record<string, SpecSchema> = Object.create(null) as Record<
    string,
    SpecSchema
  >;

  /**
   * @param shared - The schemas of the REST API, which schemas of methods may refer to.
   * @param report - Called with the reason why a schema cannot be described.
   */
  constructor(
    private readonly shared: () => Schemas,
    private readonly report: (problem: string) => void,
  ) {}

  /**
   * Describes a schema, and adds the models that it refers to.
   *
   * @param owner - The method or event, for messages.
   * @returns An open schema when it cannot be described.
   */
  describe(given: SocketSchema | undefined, owner: string): SpecSchema {
    if (given === undefined) return {};
    try {
      const {schema, definitions} = withShared(
        readSchema(given),
        () => this.shared() as never,
      );
      for (const [name, definition] of Object.entries(definitions)) {
        this.all[name] ??= toJsonSchema(definition) as SpecSchema;
      }
      return toJsonSchema(schema) as SpecSchema;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.report(`${owner}: the document has an open schema, because: ${reason}`);
      return {};
    }
  }
}

/** Converts a schema of OpenAPI 3.0 to JSON Schema. */
export function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (!isRecord(schema)) return schema;
  const converted: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (INTERNAL.has(keyword)) continue;
    if (keyword === 'properties' || keyword === 'patternProperties') {
      converted[keyword] = mapValues(value);
    } else {
      converted[keyword] = VALUES.has(keyword) ? value : toJsonSchema(value);
    }
  }
  const {description, discriminator, example, nullable} = schema;
  if (typeof description === 'string') {
    const text = description.replace(TS_TYPE_TEXT, '').trim();
    if (text === '') delete converted.description;
    else converted.description = text;
  }
  if (isRecord(discriminator)) converted.discriminator = discriminator.propertyName;
  if (example !== undefined) converted.examples ??= [example];
  for (const [limit, exclusive] of EXCLUSIVE) {
    if (converted[exclusive] === true) {
      converted[exclusive] = converted[limit];
      delete converted[limit];
    } else if (converted[exclusive] === false) {
      delete converted[exclusive];
    }
  }
  return nullable === true ? orNull(converted) : converted;
}

const EXCLUSIVE = [
  ['minimum', 'exclusiveMinimum'],
  ['maximum', 'exclusiveMaximum'],
] as const;

function mapValues(schemas: unknown): unknown {
  if (!isRecord(schemas)) return schemas;
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, toJsonSchema(schema)]),
  );
}

function orNull(schema: Record<string, unknown>): Record<string, unknown> {
  const {type, enum: values} = schema;
  if (typeof type !== 'string') return {anyOf: [schema, {type: 'null'}]};
  return {
    ...schema,
    type: [type, 'null'],
    ...(Array.isArray(values) && !values.includes(null) && {enum: [...values, null]}),
  };
}
