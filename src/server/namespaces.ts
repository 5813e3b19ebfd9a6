import type {Namespace, Server as IoServer} from 'socket.io';
import {checkGivenNamespace} from '../engine/given-parts';
import {childrenOf} from '../engine/internals';
import {countMatching} from '../engine/matching';
import {rootUrlOf} from '../http/target';
import {claimNamespace} from '../namespace/claims';
import {DEFAULT_SERVER_NAME} from '../options/keys';
import type {SocketServerOptions} from '../options/server-options';
import type {ReadyHttpServer, StartTarget} from '../options/types';
import {debugNamespace} from './debug-lines';
import type {Endpoint} from './endpoint';
import type {SharedIo} from './shared-io';

type NamespaceName = Required<SocketServerOptions>['namespace'];

/** The socket.io namespace of each server, and its URL. */
export class Namespaces {
  /** Namespaces of the shared socket.io server. */
  private readonly made = new Map<
    Endpoint,
    {namespace: Namespace; name: NamespaceName}
  >();
  /** Namespaces of a socket.io server that the application made. */
  private readonly given = new Map<Endpoint, Namespace>();

  constructor(private readonly shared: SharedIo) {}

  /**
   * Claims a namespace of a socket.io server that the application made: the configured namespace, or else the
   * given one, or `/`.
   *
   * @throws Error when another server has the namespace, or when that socket.io lacks a private part.
   */
  give(endpoint: Endpoint, target: StartTarget): Namespace {
    const [io, given] =
      'server' in target ? [target.server, target] : [target, target.of('/')];
    const {namespace: name} = endpoint.options;
    const namespace = name === undefined ? given : namespaceOf(endpoint, io, name);
    checkGivenNamespace(namespace);
    claim(namespace, endpoint);
    this.given.set(endpoint, namespace);
    return namespace;
  }

  isGiven(endpoint: Endpoint): boolean {
    return this.given.has(endpoint);
  }

  has(endpoint: Endpoint): boolean {
    return this.given.has(endpoint) || this.made.has(endpoint);
  }

  /**
   * Returns the server's namespace, which is made and claimed at its first use.
   *
   * @throws Error before `app.init()`, and when another server has the namespace.
   */
  get(endpoint: Endpoint): Namespace {
    const known = this.given.get(endpoint) ?? this.made.get(endpoint)?.namespace;
    if (known) return known;
    const listener = this.shared.use();
    if (!listener) {
      throw new Error(
        `Server "${endpoint.name}" has no socket.io namespace yet. Use it after app.init().`,
      );
    }
    const name = nameOf(endpoint);
    const namespace = namespaceOf(endpoint, listener.io, name);
    claim(namespace, endpoint);
    this.made.set(endpoint, {namespace, name});
    return namespace;
  }

  /** Returns true while clients can connect. */
  isListening(endpoint: Endpoint): boolean {
    const serving = endpoint.isOpen && !endpoint.isEmpty && this.has(endpoint);
    return serving && (this.httpServerOf(endpoint)?.listening ?? false);
  }

  /** Returns the URL that a client passes to `io(url)`. */
  urlOf(endpoint: Endpoint): string | undefined {
    if (!this.isListening(endpoint)) return undefined;
    const namespace = this.get(endpoint);
    const root = rootUrlOf(this.httpServerOf(endpoint));
    if (root === undefined || childrenOf(namespace)) return undefined;
    return namespace.name === '/' ? root : root + namespace.name;
  }

  /** Returns what is wrong with the namespaces that servers are configured with, a sentence each. */
  problems(endpoints: Iterable<Endpoint>): string[] {
    const problems: string[] = [];
    const owners = new Map<unknown, string>();
    for (const endpoint of endpoints) {
      if (endpoint.isEmpty || this.given.has(endpoint)) continue;
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
          `Server "${endpoint.name}": \`namespace\` was configured too late. ` +
            'Configure it before the application starts, and before `server.io` is used.',
        );
      }
    }
    return problems;
  }

  private httpServerOf(endpoint: Endpoint) {
    const given = this.given.get(endpoint);
    if (!given) return this.shared.listener?.server;
    return given.server.httpServer as ReadyHttpServer;
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

/** Takes over a namespace: from now on its sockets are refused or must authenticate. */
function claim(namespace: Namespace, endpoint: Endpoint): void {
  claimNamespace(namespace, endpoint);
  debugNamespace(endpoint.name, namespace.name);
}
