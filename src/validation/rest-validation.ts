import {Application, CoreBindings} from '@loopback/core';
import type {Context} from '@loopback/core';
import {getControllerSpec, RestBindings, RestComponent} from '@loopback/rest';
import type {SchemasObject} from '@loopback/rest';
import type {SocketSchema} from '../decorators/metadata';
import {restContextOf} from '../options/rest-server';
import {readSchema, withShared} from './argument-schema';
import type {ArgumentSchema} from './argument-schema';
import {BindingChanges} from '../context/binding-changes';
import type {Validity} from '../context/binding-changes';
import {isPlain} from './plain-schema';
import {convertSchema, SchemaCompiler} from './schema-compiler';
import type {
  AjvFactory,
  Check,
  ConvertedSchema,
  ReportedErrors,
  ValidationOptions,
} from './schema-compiler';

/** The validation options of REST when none are configured. */
const DEFAULT_OPTIONS: ValidationOptions = {$data: true};
/** The name of the provider class of LoopBack's own AJV factory. */
const STOCK_FACTORY_PROVIDER = 'AjvFactoryProvider';
/** Options with which AJV accepts every schema that it accepts without them. */
const HARMLESS_OPTIONS: ReadonlySet<string> = new Set([
  '$data',
  'ajvErrors',
  'ajvErrorTransformer',
  'ajvKeywords',
  'allErrors',
  'coerceTypes',
  'compiledSchemaCache',
  'formats',
  'keywords',
  'prohibitedKeys',
  'removeAdditional',
]);

const known = new WeakMap<Context, RestValidation>();
let stockFactory: AjvFactory | undefined;

/**
 * Validates as the REST API of the application does: with the options of its REST server, or else of the
 * application, and with the schemas that all controllers share.
 */
export class RestValidation {
  private readonly compiler: SchemaCompiler;
  private readonly checks = {
    all: new WeakMap<SocketSchema, Promise<Check>>(),
    first: new WeakMap<SocketSchema, Promise<Check>>(),
  };
  private readonly accepted = new WeakSet();
  private shared?: {readonly validity: Validity; readonly schemas: SchemasObject};

  /** Returns the same object until the configuration of REST changes. */
  static async of(context: Context): Promise<RestValidation> {
    const app = await context.get(CoreBindings.APPLICATION_INSTANCE);
    const rest = await restContextOf(app);
    const find = {optional: true} as const;
    const parsing = await rest.get(RestBindings.REQUEST_BODY_PARSER_OPTIONS, find);
    const bound = await rest.get(RestBindings.AJV_FACTORY, find);
    const configured = parsing?.validation ?? DEFAULT_OPTIONS;
    const factory = configured.ajvFactory ?? bound ?? factoryWithoutRest();
    const last = known.get(rest);
    if (last?.factory === factory && last.configured === configured) return last;
    const validation = new RestValidation(rest, factory, configured);
    known.set(rest, validation);
    return validation;
  }

  private constructor(
    private readonly rest: Context,
    private readonly factory: AjvFactory,
    private readonly configured: ValidationOptions,
  ) {
    this.compiler = new SchemaCompiler(factory, configured);
  }

  get options(): Readonly<Record<ReportedErrors, ValidationOptions>> {
    return this.compiler.options;
  }

  /** The schemas of all controllers and of the application's API specification, merged as REST merges them. */
  get schemas(): SchemasObject {
    if (!this.shared?.validity.current) {
      const validity = BindingChanges.validityOf(this.rest);
      this.shared = {validity, schemas: this.readSchemas()};
    }
    return this.shared.schemas;
  }

  /** Returns the check of a schema. Methods that share a schema share its check. */
  checkOf(given: SocketSchema, reported: ReportedErrors): Promise<Check> {
    const checks = this.checks[reported];
    let check = checks.get(given);
    if (!check) {
      check = this.convert(readSchema(given)).then(schema =>
        this.compiler.compile(schema, reported),
      );
      checks.set(given, check);
      check.catch(() => checks.delete(given));
    }
    return check;
  }

  /** Returns the error of a schema that cannot be compiled. */
  async problemOf(
    given: object,
    read: () => ArgumentSchema,
  ): Promise<string | undefined> {
    if (this.accepted.has(given)) return undefined;
    try {
      const schema = read();
      if (!this.isStock || !(isPlain(schema) || isPlain(this.withShared(schema)))) {
        this.compiler.compile(await this.convert(schema), 'all');
      }
      this.accepted.add(given);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private convert(schema: ArgumentSchema): Promise<ConvertedSchema> {
    return convertSchema(this.withShared(schema));
  }

  private withShared(schema: ArgumentSchema): ArgumentSchema {
    return withShared(schema, () => this.schemas);
  }

  /** True when AJV is configured as LoopBack does it. Such an AJV accepts every plain schema. */
  private get isStock(): boolean {
    const {configured, rest} = this;
    const binding = rest.getBinding(RestBindings.AJV_FACTORY, {optional: true});
    return (
      (!binding || binding.providerConstructor?.name === STOCK_FACTORY_PROVIDER) &&
      Object.keys(configured).every(name => HARMLESS_OPTIONS.has(name))
    );
  }

  private readSchemas(): SchemasObject {
    const {rest} = this;
    const schemas: SchemasObject = {};
    for (const {valueConstructor: type} of rest.find(`${CoreBindings.CONTROLLERS}.*`)) {
      if (type) Object.assign(schemas, getControllerSpec(type).components?.schemas);
    }
    const api = rest.getSync(RestBindings.API_SPEC, {optional: true});
    return Object.assign(schemas, api?.components?.schemas);
  }
}

/** Returns LoopBack's own factory, for an application without `RestComponent`. */
function factoryWithoutRest(): AjvFactory {
  if (!stockFactory) {
    const app = new Application();
    app.component(RestComponent);
    stockFactory = app.getSync(RestBindings.AJV_FACTORY);
  }
  return stockFactory;
}
