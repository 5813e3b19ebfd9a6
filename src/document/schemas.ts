import {modelOf} from '../decorators/metadata';
import type {SocketSchema} from '../decorators/metadata';
import {isBuiltIn, readSchema, withShared} from '../validation/argument-schema';
import {toJsonSchema} from './json-schema';
import {missingReference, referTo, withSuffix} from './schema-references';
import type {SpecSchema} from './spec';

type Schemas = Readonly<Record<string, unknown>>;

/** The schemas of a document: those of models by their names in `/openapi.json`. */
export class SpecSchemas {
  /** As JSON, by their keys. A model that differs from another one of its name has a number in its key. */
  private readonly models = new Map<string, string>();

  /**
   * @param shared - The schemas of the REST API, which schemas of methods may refer to.
   * @param report - Called with the reason why a schema cannot be described.
   */
  constructor(
    private readonly shared: () => Schemas,
    private readonly report: (problem: string) => void,
  ) {}

  get all(): Record<string, SpecSchema> {
    return Object.fromEntries(
      [...this.models].map(([name, text]) => [name, JSON.parse(text) as SpecSchema]),
    );
  }

  /**
   * Describes a schema, and adds the models that it refers to.
   *
   * @param owner - The method or event, for messages.
   * @returns An open schema when it cannot be described.
   */
  describe(given: SocketSchema | undefined, owner: string): SpecSchema {
    if (given === undefined) return {};
    try {
      if (typeof given === 'function' && !isBuiltIn(given) && !modelOf(given)) {
        throw new Error(`the class ${given.name} has no @model.`);
      }
      const {schema, definitions} = withShared(
        readSchema(given),
        () => this.shared() as never,
      );
      return this.add(textOf(schema), definitions);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.report(`${owner}: the document has an open schema, because: ${reason}`);
      return {};
    }
  }

  /** Describes an example; `undefined` for one that JSON cannot have. */
  example(given: unknown, owner: string): unknown {
    try {
      const text = JSON.stringify(given) as string | undefined;
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    } catch (error) {
      this.report(`${owner}: the document leaves out an example: ${String(error)}`);
      return undefined;
    }
  }

  private add(schema: string, definitions: Schemas): SpecSchema {
    const models = new Map(
      Object.entries(definitions).map(([name, definition]) => [name, textOf(definition)]),
    );
    // LoopBack leaves out schemas deep in a model when it has made those of the inner models before.
    const isKnown = (name: string) => models.has(name) || this.models.has(name);
    for (const text of [schema, ...models.values()]) {
      const missing = missingReference(text, isKnown);
      if (missing !== undefined) throw new Error(`there is no schema ${missing}.`);
    }
    const renamed = this.conflicts(models);
    const suffix = this.suffixFor(renamed, models);
    for (const [name, text] of models) {
      const key = renamed.has(name) ? `${name}${suffix}` : name;
      this.models.set(key, withSuffix(text, renamed, suffix));
    }
    return JSON.parse(withSuffix(schema, renamed, suffix)) as SpecSchema;
  }

  /** Returns the models that differ from others of their name, and those that refer to them. */
  private conflicts(models: ReadonlyMap<string, string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const [name, text] of models) {
      if (!this.isFree(name, text)) found.add(name);
    }
    for (let before = -1; before < found.size;) {
      before = found.size;
      for (const [name, text] of models) if (referTo(text, found)) found.add(name);
    }
    return found;
  }

  /** Returns one suffix for all of them, so that they refer to each other. */
  private suffixFor(
    names: ReadonlySet<string>,
    models: ReadonlyMap<string, string>,
  ): string {
    const fits = (suffix: string) =>
      [...names].every(name =>
        this.isFree(
          `${name}${suffix}`,
          withSuffix(models.get(name) ?? '', names, suffix),
        ),
      );
    let count = 2;
    while (!fits(`_${count}`)) count++;
    return `_${count}`;
  }

  private isFree(key: string, text: string): boolean {
    return (this.models.get(key) ?? text) === text;
  }
}

/** @throws Error for what JSON cannot have. */
function textOf(schema: unknown): string {
  return JSON.stringify(toJsonSchema(schema));
}
