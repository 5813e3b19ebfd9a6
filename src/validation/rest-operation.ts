import type {Context} from '@loopback/core';
import {HttpErrors, parseOperationArgs} from '@loopback/rest';
import type {
  OperationObject,
  ParameterObject,
  ReferenceObject,
  Request,
  RequestBody,
  RequestBodyObject,
  RequestBodyParser,
  ResolvedRoute,
  ResponseObject,
  SchemaObject,
  SchemasObject,
} from '@loopback/rest';
import {isRecord} from '../common/objects';
import type {DescribedOperation} from '../decorators/metadata';
import {RestValidation} from './rest-validation';
import type {ValidationOptions} from './schema-compiler';
import {reportedErrorsFor} from './schema-validator';

/** Name of the request body among the args of a call. */
const BODY = 'body';

type BodyType = Pick<RequestBody, 'mediaType' | 'schema'>;

/**
 * A REST operation that sockets call as well. Their args `{[parameter]: value, body}` replace path, query,
 * headers and request body, and are parsed by REST's own parser.
 */
export class RestOperation {
  private readonly parameters: readonly ParameterObject[];
  private readonly names: ReadonlySet<string>;
  private readonly bodyType: BodyType | undefined;
  private prepared?: ReturnType<RestOperation['prepare']>;

  readonly path: string;
  readonly verb: string;
  readonly spec: OperationObject;
  private readonly schemas: SchemasObject;

  constructor(
    {path, verb, spec, schemas}: DescribedOperation,
    private readonly label: string,
  ) {
    this.path = path;
    this.verb = verb;
    this.spec = spec;
    this.schemas = schemas;
    this.bodyType = chooseBodyType(spec.requestBody as RequestBodyObject | undefined);
    this.parameters = (spec.parameters ?? []) as ParameterObject[];
    const names = this.parameters.map(({name}) => name);
    this.names = new Set(spec.requestBody ? [...names, BODY] : names);
  }

  /** Number of the method's parameters that REST fills. */
  get parameterCount(): number {
    return this.parameters.length + (this.spec.requestBody ? 1 : 0);
  }

  /** The reason why sockets cannot call the operation. */
  get problem(): string | undefined {
    const names = this.parameters.map(({name}) => name);
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice !== undefined) {
      return `has two REST parameters named "${twice}", which a socket cannot tell apart. Rename one`;
    }
    if (!this.spec.requestBody) return undefined;
    if (names.includes(BODY)) {
      return `has a REST parameter named "${BODY}" beside its request body. Rename the parameter`;
    }
    if (this.bodyType) return undefined;
    return 'has a request body that no socket can send. Give the socket a method of its own';
  }

  /** The schema of the args of a call: an object of the parameters and the body. */
  get argsSchema(): SchemaObject {
    const {bodyType, parameters, spec} = this;
    const properties: Record<string, SchemaObject | ReferenceObject> = {};
    for (const {name, schema, content, description} of parameters) {
      const own = schema ?? content?.['application/json'].schema ?? {};
      properties[name] = description === undefined ? own : {description, ...own};
    }
    if (spec.requestBody) properties[BODY] = bodyType?.schema ?? {};
    const required = parameters.filter(one => one.required).map(({name}) => name);
    if ((spec.requestBody as RequestBodyObject | undefined)?.required)
      required.push(BODY);
    return {
      type: 'object',
      properties,
      ...(required.length > 0 && {required}),
      additionalProperties: false,
      definitions: this.schemas,
    };
  }

  /** The schema of a successful answer in a media type; `undefined` when the operation declares none. */
  responseSchema(mediaType: string): SchemaObject | ReferenceObject | undefined {
    const responses = this.spec.responses as Record<string, ResponseObject> | undefined;
    const successful = Object.keys(responses ?? {}).find(status =>
      status.startsWith('2'),
    );
    const response = successful === undefined ? undefined : responses?.[successful];
    const schema = response?.content?.[mediaType]?.schema;
    return schema && {...schema, definitions: this.schemas};
  }

  /**
   * Returns the arguments of the method.
   *
   * @throws HttpError The error of REST for the same values: 400 for parameters, 422 for a body.
   */
  async parse(args: unknown, context: Context): Promise<unknown[]> {
    this.prepared ??= this.prepare(context);
    const {options, schemas} = await this.prepared;
    return this.parseWith(args, schemas, options[reportedErrorsFor(args)]);
  }

  /** Parses with the given schemas and options. */
  async parseWith(
    args: unknown,
    schemas: SchemasObject,
    options?: ValidationOptions,
  ): Promise<unknown[]> {
    const {body, query, headers, path} = this.arrange(args);
    return parseOperationArgs(
      {query, headers} as unknown as Request,
      {
        spec: this.spec,
        pathParams: path,
        schemas,
        describe: () => this.label,
      } as unknown as ResolvedRoute,
      {
        loadRequestBodyIfNeeded: () => Promise.resolve({value: body, ...this.bodyType}),
      } as unknown as RequestBodyParser,
      options,
    );
  }

  /** Returns the error of a parameter's or the body's schema that cannot be compiled. */
  async schemaProblem(validation: RestValidation): Promise<string | undefined> {
    const schemas = [...this.parameters.map(({schema}) => schema), this.bodyType?.schema];
    for (const schema of schemas) {
      if (!schema) continue;
      const read = () => ({schema: {...schema}, definitions: this.schemas});
      const problem = await validation.problemOf(schema, read);
      if (problem) return problem;
    }
    return undefined;
  }

  /** As in REST, the schemas that all controllers share replace the controller's own of the same name. */
  private async prepare(context: Context) {
    const {options, schemas} = await RestValidation.of(context);
    return {options, schemas: {...this.schemas, ...schemas}};
  }

  private arrange(args: unknown) {
    const given = args ?? {};
    if (!isRecord(given)) {
      throw badArgument(`The args must be an object. Known are: ${this.known}.`);
    }
    for (const name of Object.keys(given)) {
      if (!this.names.has(name)) {
        throw badArgument(`Unknown argument "${name}". Known are: ${this.known}.`);
      }
    }
    const placed = {
      query: Object.create(null) as Record<string, unknown>,
      headers: Object.create(null) as Record<string, unknown>,
      path: Object.create(null) as Record<string, unknown>,
    };
    for (const {name, in: place} of this.parameters) {
      const value = Object.hasOwn(given, name) ? asInUrl(given[name]) : undefined;
      if (place === 'header') placed.headers[name.toLowerCase()] = value;
      else if (place === 'path' || place === 'query') placed[place][name] = value;
    }
    return {...placed, body: Object.hasOwn(given, BODY) ? given[BODY] : undefined};
  }

  private get known(): string {
    return [...this.names].join(', ') || 'none';
  }
}

/** Returns the first media type that needs no special parser, JSON before others. */
function chooseBodyType(body: RequestBodyObject | undefined): BodyType | undefined {
  if (!body) return undefined;
  const types = Object.entries(
    (body.content as RequestBodyObject['content'] | undefined) ?? {},
  );
  // The default of REST.
  if (types.length === 0)
    return {mediaType: 'application/json', schema: {type: 'object'}};
  const plain = types.filter(
    ([name, type]) => !type['x-parser'] && !name.startsWith('multipart/'),
  );
  const json = plain.filter(([name]) => name.endsWith('json'));
  for (const [mediaType, {schema}] of [...json, ...plain]) {
    return {mediaType, ...(schema && {schema})};
  }
  return undefined;
}

/** Returns numbers and booleans as strings, as in a URL, and `undefined` for `null`. */
function asInUrl(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function badArgument(message: string): Error {
  return Object.assign(new HttpErrors.BadRequest(message), {
    code: 'INVALID_PARAMETER_VALUE',
  });
}
