import {createHash} from 'node:crypto';
import {Binding, extensionFor} from '@loopback/core';
import type {Application, ValueOrPromise} from '@loopback/core';
import {RestMiddlewareGroups, RestTags} from '@loopback/rest';
import type {MiddlewareContext, Request, Response} from '@loopback/rest';
import {dump} from 'js-yaml';
import {readComponentOptions} from '../options/read-options';
import {restServerOf} from '../options/rest-server';
import type {AsyncApi} from './async-api';
import type {AsyncApiSpec} from './spec';

/** The format that a path of the REST API serves. */
interface Form {
  readonly mediaType: string;
  readonly write: (spec: AsyncApiSpec) => string;
}

const FORMS: ReadonlyMap<string, Form> = new Map([
  [
    '/asyncapi.json',
    {mediaType: 'application/json', write: spec => JSON.stringify(spec, null, 2)},
  ],
  [
    '/asyncapi.yaml',
    {
      mediaType: 'text/yaml',
      write: spec => dump(spec, {noRefs: true, skipInvalid: true}),
    },
  ],
]);

/** Serves the document beside `/openapi.json`, after CORS. */
export class AsyncApiEndpoints {
  /** The text of each path, of the document that it was made of. */
  private readonly texts = new Map<string, {spec: AsyncApiSpec; text: string}>();

  constructor(
    private readonly app: Application,
    private readonly document: AsyncApi,
  ) {}

  /** The middleware for the REST server of the application. */
  binding(): Binding {
    return new Binding('middleware.asyncApi')
      .to((context: MiddlewareContext, next: () => ValueOrPromise<unknown>) =>
        this.handle(context, next),
      )
      .apply(
        extensionFor(RestTags.REST_MIDDLEWARE_CHAIN, RestTags.ACTION_MIDDLEWARE_CHAIN),
      )
      .tag({
        group: RestMiddlewareGroups.API_SPEC,
        upstreamGroups: [RestMiddlewareGroups.CORS],
      });
  }

  private handle(
    {request, response}: MiddlewareContext,
    next: () => ValueOrPromise<unknown>,
  ): ValueOrPromise<unknown> {
    const {method, path} = request;
    const form = FORMS.get(path);
    if (!form || (method !== 'GET' && method !== 'HEAD')) return next();
    return this.serve(path, form, request, response, next);
  }

  private async serve(
    path: string,
    {mediaType, write}: Form,
    request: Request,
    response: Response,
    next: () => ValueOrPromise<unknown>,
  ): Promise<unknown> {
    const rest = await restServerOf(this.app);
    const {openApiSpec} = rest?.config ?? {};
    if (!readComponentOptions(this.app).asyncApi || openApiSpec?.disabled) return next();
    const spec = await this.document.get();
    const text = openApiSpec?.setServersFromRequest
      ? write(withHost(spec, request))
      : this.textOf(path, spec, write);
    const tag = createHash('sha256').update(text).digest('base64url');
    response.setHeader('ETag', `"${tag}"`);
    if (request.fresh) response.status(304).end();
    else response.type(mediaType).send(text);
    return response;
  }

  private textOf(path: string, spec: AsyncApiSpec, write: Form['write']): string {
    const known = this.texts.get(path);
    if (known?.spec === spec) return known.text;
    const text = write(spec);
    this.texts.set(path, {spec, text});
    return text;
  }
}

/** Returns the document with the address at which it was requested. */
function withHost(spec: AsyncApiSpec, request: Request): AsyncApiSpec {
  // An enhancer may have put others in its place.
  if (!Object.hasOwn(spec.servers, 'default')) return spec;
  const {default: server, ...others} = spec.servers;
  const {port} = {...(server['x-socket.io'] as {port?: number} | undefined)};
  const host = request.get('host') ?? 'localhost';
  return {
    ...spec,
    servers: {
      default: {
        ...server,
        variables: {},
        host: port !== undefined ? `${host.replace(/:\d+$/, '')}:${port}` : host,
        protocol: request.protocol === 'https' ? 'wss' : 'ws',
      },
      ...others,
    },
  };
}
