import {byCodeUnits} from './objects';
import {keysOf} from './spec-document';
import type {SpecDocument} from './spec-document';
import {escapeLineBreaks} from './type-names';
import type {TypeNames} from './type-names';
import {JOINING, restoreNames, typeSchemaOf} from './type-schemas';
import type {TypeSchema} from './type-schemas';

/** Makes the declaration of one type, as `compile` of `json-schema-to-typescript`. */
export type Compile = (
  schema: TypeSchema,
  name: string,
  options: typeof OPTIONS,
) => Promise<string>;

/** Options of `json-schema-to-typescript`. The style is that of LoopBack's applications. */
const OPTIONS = {
  bannerComment: '',
  additionalProperties: false,
  ignoreMinAndMaxItems: true,
  style: {
    arrowParens: 'avoid',
    bracketSpacing: false,
    printWidth: 80,
    singleQuote: true,
    trailingComma: 'all',
  },
} as const;

const SCHEMAS = ['components', 'schemas'];

const PRIMITIVES = new Map([
  ['boolean', 'boolean'],
  ['integer', 'number'],
  ['null', 'null'],
  ['number', 'number'],
  ['string', 'string'],
]);

/** The types that methods and events need: those of models, and those of args, results and payloads. */
export class TypeDeclarations {
  /** The names of models, by {@link placeOf}. */
  private readonly models = new Map<string, string>();
  private readonly declared = new Map<string, TypeSchema>();

  constructor(
    private readonly document: SpecDocument,
    private readonly names: TypeNames,
  ) {
    // All of them, so that the name of one does not depend on which others are used.
    for (const key of Object.keys(document.schemas).sort(byCodeUnits)) {
      this.models.set(placeOf([...SCHEMAS, key]), names.add(key));
    }
  }

  /**
   * Returns the type of a schema, as TypeScript writes it.
   *
   * @param name - The name of the type, if the schema needs a declaration.
   */
  typeOf(schema: unknown, name: string): string {
    const converted = this.convert(schema);
    const short = shortType(converted);
    if (short !== undefined) return short;
    const added = this.names.add(name);
    this.declared.set(added, converted);
    return added;
  }

  /** Returns the declarations, sorted by name. */
  async write(compile: Compile): Promise<string[]> {
    const sorted = [...this.declared].sort(([one], [other]) => byCodeUnits(one, other));
    this.openCircles(sorted.map(([name]) => name));
    const texts: string[] = [];
    for (const [name, schema] of sorted) {
      // A schema that says nothing would become an object.
      const given = isOpen(schema) ? {...schema, tsType: 'unknown'} : schema;
      const text = await compile(given, name, OPTIONS);
      texts.push(escapeLineBreaks(restoreNames(text.trim())));
    }
    return texts;
  }

  private convert(schema: unknown): TypeSchema {
    return typeSchemaOf(schema, reference => this.nameOf(reference));
  }

  private nameOf(reference: string): string {
    const target = this.document.find(reference, 'a schema');
    const keys = keysOf(reference);
    const place = placeOf(keys);
    const name = this.models.get(place) ?? this.names.add(keys.at(-1) ?? '');
    this.models.set(place, name);
    if (!this.declared.has(name)) {
      // Models may refer to themselves.
      this.declared.set(name, {});
      this.declared.set(name, this.convert(target));
    }
    return name;
  }

  /** Makes `unknown` of types that would consist of themselves, such as `type A = A | string`. */
  private openCircles(names: readonly string[]): void {
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]) => {
      if (done.has(name)) return;
      for (const part of partsOf(this.declared.get(name))) {
        const {tsType = ''} = part;
        if (tsType === name || path.includes(tsType)) part.tsType = 'unknown';
        else visit(tsType, [...path, name]);
      }
      done.add(name);
    };
    for (const name of names) visit(name, []);
  }
}

/** Returns one text for all ways to write a reference. */
function placeOf(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** Returns the references that a type consists of, those in its properties and items left out. */
function partsOf(schema: TypeSchema | undefined): TypeSchema[] {
  if (schema === undefined) return [];
  if (schema.tsType !== undefined) return [schema];
  return JOINING.flatMap(keyword => schema[keyword] ?? []).flatMap(partsOf);
}

/** Returns a type that needs no declaration; `undefined` for others. */
function shortType(schema: TypeSchema): string | undefined {
  if (isOpen(schema)) return 'unknown';
  const {tsType, type, items, anyOf, enum: values} = schema;
  if (tsType !== undefined) return tsType;
  if (values !== undefined || schema.allOf || schema.oneOf) return undefined;
  if (anyOf) return type === undefined ? union(anyOf.map(shortType)) : undefined;
  if (type === 'array') {
    const item = items && !Array.isArray(items) ? shortType(items) : undefined;
    return item?.includes(' ') ? `(${item})[]` : item && `${item}[]`;
  }
  return union([type ?? []].flat().map(one => PRIMITIVES.get(one)));
}

function union(types: readonly (string | undefined)[]): string | undefined {
  return types.includes(undefined) ? undefined : [...new Set(types)].join(' | ');
}

function isOpen({description: _, deprecated: __, ...constraints}: TypeSchema): boolean {
  return Object.keys(constraints).length === 0;
}
