import type {Namespace, Server as IoServer} from 'socket.io';
import type {Endpoint} from './endpoint';
import {rootUrlOf} from '../http/target';
import type {SocketListener} from '../http/listener';
import {childrenOf} from '../engine/internals';
import {countMatching} from '../engine/matching';
import {DEFAULT_SERVER_NAME} from '../options/keys';
import type {SocketServerOptions} from '../options/server-options';
import type {ReadyHttpServer, StartTarget} from '../options/types';

type NamespaceName = Required<SocketServerOptions>['namespace'];

/** Which socket.io namespace each server has, and where clients find it. */
export class Namespaces {
  private readonly made = new Map<
    Endpoint,
    {namespace: Namespace; name: NamespaceName}
  >();
  /** Those of a socket.io server that the application made. */
  private readonly given = new Map<Endpoint, Namespace>();

  /** Serves what the application made: the namespace configured, or else the one given, or `/`. */
  give(endpoint: Endpoint, target: StartTarget): Namespace {
    const [io, given] =
      'server' in target ? [target.server, target] : [target, target.of('/')];
    const {namespace: name} = endpoint.options;
    const namespace = name === undefined ? given : namespaceOf(endpoint, io, name);
    endpoint.claim(namespace);
    this.given.set(endpoint, namespace);
    return namespace;
  }

  isGiven(endpoint: Endpoint): boolean {
    return this.given.has(endpoint);
  }

  has(endpoint: Endpoint): boolean {
    return this.given.has(endpoint) || this.made.has(endpoint);
  }

  /** The server's namespace, made and claimed when it is first asked for. */
  get(endpoint: Endpoint, listener: SocketListener | undefined): Namespace {
    const known = this.given.get(endpoint) ?? this.made.get(endpoint)?.namespace;
    if (known) return known;
    if (!listener) {
      throw new Error(
        `Server "${endpoint.name}" has no socket.io namespace yet: it exists from app.init() on.`,
      );
    }
    const name = nameOf(endpoint);
    const namespace = namespaceOf(endpoint, listener.io, name);
    endpoint.claim(namespace);
    this.made.set(endpoint, {namespace, name});
    return namespace;
  }

  /** Whether clients can connect. */
  isListening(endpoint: Endpoint, listener: SocketListener | undefined): boolean {
    const serving = endpoint.isOpen && !endpoint.idle && this.has(endpoint);
    return serving && (this.httpServerOf(endpoint, listener)?.listening ?? false);
  }

  /** What a client gives to `io(url)`. */
  urlOf(endpoint: Endpoint, listener: SocketListener | undefined): string | undefined {
    if (!this.isListening(endpoint, listener)) return undefined;
    const namespace = this.get(endpoint, listener);
    const root = rootUrlOf(this.httpServerOf(endpoint, listener));
    if (root === undefined || childrenOf(namespace)) return undefined;
    return namespace.name === '/' ? root : root + namespace.name;
  }

  /** What is wrong with the namespaces that servers are configured with; one sentence each. */
  problems(endpoints: Iterable<Endpoint>): string[] {
    const problems: string[] = [];
    const owners = new Map<unknown, string>();
    for (const endpoint of endpoints) {
      if (endpoint.idle || this.given.has(endpoint)) continue;
      const name = nameOf(endpoint);
      const key = name instanceof RegExp ? String(name) : name;
      const owner = owners.get(key);
      owners.set(key, endpoint.name);
      if (owner !== undefined) {
        problems.push(
          `Servers "${owner}" and "${endpoint.name}" have the same namespace. ` +
            'Configure another `namespace` for one of them.',
        );
      }
      const made = this.made.get(endpoint);
      if (made && String(made.name) !== String(name)) {
        problems.push(
          `Server "${endpoint.name}" has its namespace already. ` +
            'Configure `namespace` before the application starts and before `server.io` is used.',
        );
      }
    }
    return problems;
  }

  private httpServerOf(endpoint: Endpoint, listener: SocketListener | undefined) {
    const given = this.given.get(endpoint);
    return given ? (given.server.httpServer as ReadyHttpServer) : listener?.server;
  }
}

function nameOf({name, options}: Endpoint): NamespaceName {
  return options.namespace ?? (name === DEFAULT_SERVER_NAME ? '/' : `/${name}`);
}

function namespaceOf(endpoint: Endpoint, io: IoServer, name: NamespaceName): Namespace {
  if (typeof name !== 'function') return io.of(name);
  const matcher = countMatching(
    io,
    name,
    () => endpoint.options.timeout,
    error => endpoint.report(error, 'namespace function'),
  );
  return io.of(matcher);
}
