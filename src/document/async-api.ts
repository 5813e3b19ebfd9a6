import type {Application} from '@loopback/core';
import {CoreBindings} from '@loopback/core';
import type {Validity} from '../context/binding-changes';
import {BindingChanges} from '../context/binding-changes';
import {DEFAULT_SERVER_NAME, SocketKeys} from '../options/keys';
import {readComponentOptions} from '../options/read-options';
import type {Endpoint} from '../server/endpoint';
import {HOST} from '../server/ports';
import {SocketServer} from '../server/socket.server';
import {RestValidation} from '../validation/rest-validation';
import {ChannelWriter} from './channel';
import type {SpecKeys} from './channel';
import {enhance} from './enhancers';
import {Keys} from './names';
import {PROTOCOL_MESSAGES, protocolSchemas} from './protocol-messages';
import {SpecSchemas} from './schemas';
import {securitySchemeOf} from './security';
import type {AsyncApiSpec} from './spec';

/** A document, and what it was made of. */
interface Made {
  readonly spec: Promise<AsyncApiSpec>;
  readonly validity: Validity;
  /** The tables of methods and events, which are new ones after each change. */
  readonly parts: readonly unknown[];
}

/** The AsyncAPI document of an application. It is made at the first request, and again after a change. */
export class AsyncApi {
  private made?: Made;
  private readonly reported = new Set<string>();

  constructor(private readonly app: Application) {}

  /** Returns the document as it is now. Do not change it. */
  async get(): Promise<AsyncApiSpec> {
    const host = await this.app.get(HOST);
    const endpoints = host.readEndpoints();
    const parts = endpoints.flatMap(({handlers, options}) => [
      handlers.methods,
      handlers.events,
      options,
    ]);
    const {made} = this;
    const isCurrent =
      made?.validity.current === true &&
      made.parts.length === parts.length &&
      made.parts.every((part, at) => part === parts[at]);
    if (isCurrent) return made.spec;
    const validity = BindingChanges.validityOf(this.app);
    const spec = this.make(endpoints);
    this.made = {spec, validity, parts};
    spec.catch(() => (this.made = undefined));
    return spec;
  }

  private async make(endpoints: readonly Endpoint[]): Promise<AsyncApiSpec> {
    const {app} = this;
    const validation = await RestValidation.of(app);
    const schemas = new SpecSchemas(() => validation.schemas, this.report);
    const spec = this.frame();
    const keys: SpecKeys = {
      channels: new Keys(),
      operations: new Keys(),
      messages: new Keys(Object.keys(PROTOCOL_MESSAGES)),
    };
    const schemes = new Keys();
    // The default server first: its names are the short ones.
    const isOther = ({name}: Endpoint) => Number(name !== DEFAULT_SERVER_NAME);
    const served = endpoints.filter(({isEmpty}) => !isEmpty);
    for (const endpoint of served.sort((one, other) => isOther(one) - isOther(other))) {
      const scheme = securitySchemeOf(endpoint);
      const key = scheme && schemes.add(endpoint.name);
      if (scheme && key !== undefined) spec.components.securitySchemes[key] = scheme;
      new ChannelWriter(spec, endpoint, schemas, keys, key).write();
    }
    Object.assign(spec.components.schemas, schemas.all);
    // A copy, because enhancers may change in place what documents share.
    return enhance(app, structuredClone(spec));
  }

  private frame(): AsyncApiSpec {
    const {app} = this;
    const metadata = app.getSync(CoreBindings.APPLICATION_METADATA, {optional: true});
    const {
      name = 'LoopBack application',
      version = '1.0.0',
      description,
    } = metadata ?? {};
    const {io} = readComponentOptions(app);
    const path = io.path ?? '/socket.io';
    const ownPort = this.ownPort;
    return {
      asyncapi: '3.1.0',
      info: {title: name, version, ...(description && {description})},
      defaultContentType: 'application/json',
      servers: {
        default: {
          host: '{host}',
          variables: {host: {default: `localhost:${ownPort ?? 3000}`}},
          protocol: 'ws',
          pathname: `${path.replace(/\/$/, '')}/`,
          description: 'socket.io 4. The address of a channel is a namespace.',
          bindings: {ws: {}},
          'x-socket.io': {
            version: 4,
            path,
            transports: io.transports ?? ['polling', 'websocket'],
            ...(ownPort !== undefined && {port: ownPort}),
          },
        },
      },
      channels: {},
      operations: {},
      components: {
        schemas: protocolSchemas(),
        messages: {...PROTOCOL_MESSAGES},
        securitySchemes: {},
      },
    };
  }

  /** The port of an HTTP server of this package's own, beside that of REST. */
  private get ownPort(): number | undefined {
    const {http} = readComponentOptions(this.app);
    if (http === undefined) return undefined;
    const {url} = SocketServer.get(this.app);
    return url === undefined ? undefined : Number(new URL(url).port);
  }

  /** Logs what cannot be described, once. */
  private readonly report = (problem: string): void => {
    if (this.reported.has(problem)) return;
    this.reported.add(problem);
    const log = this.app.getSync(SocketKeys.LOG_ERROR, {optional: true});
    const error = new Error(problem);
    const source = {server: '(all)', handler: 'asyncapi'};
    if (log) log(error, 500, source);
    else console.error(problem);
  };
}
