import {modelOf} from '../decorators/metadata';
import type {SocketSchema} from '../decorators/metadata';
import {isBuiltIn, readSchema, withShared} from '../validation/argument-schema';
import {toJsonSchema} from './json-schema';
import type {SpecSchema} from './spec';

type Schemas = Readonly<Record<string, unknown>>;

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
      if (typeof given === 'function' && !isBuiltIn(given) && !modelOf(given)) {
        throw new Error(`the class ${given.name} has no @model.`);
      }
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
