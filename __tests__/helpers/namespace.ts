import {RestServer} from '@loopback/rest';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import type {Namespace, Server as IoServer, ServerOptions, Socket} from 'socket.io';
import {givenApp} from './app';
import type {GivenApp} from './app';
import {givenClient} from './client';
import type {ClientOptions, TestClient} from './client';
import {Queue} from './queue';

/** A way to name a namespace: the server's name, its `namespace`, and a path that leads there. */
export interface NamespaceKind {
  readonly title: string;
  readonly server?: string;
  readonly namespace?: SocketServerOptions['namespace'];
  readonly path: string;
}

export const NAMESPACE_KINDS: readonly NamespaceKind[] = [
  {title: 'the default namespace', path: '/'},
  {title: 'a named namespace', server: 'chat', path: '/chat'},
  {
    title: 'a RegExp namespace',
    server: 'chat',
    namespace: /^\/room-\d$/,
    path: '/room-1',
  },
  {
    title: 'a function namespace',
    server: 'chat',
    namespace: (name, _auth, next) => next(null, name === '/dynamic'),
    path: '/dynamic',
  },
];

export type Transport = 'websocket' | 'polling';
export const TRANSPORTS: readonly Transport[] = ['websocket', 'polling'];

/** An authentication under way. */
export interface Authentication {
  readonly socket: Socket;
  readonly credentials: unknown;
  succeed(): void;
  fail(): void;
}

export interface NamespaceOptions {
  kind?: NamespaceKind;
  recovery?: boolean | Partial<ServerOptions>['connectionStateRecovery'];
  transport?: Transport;
  /** Last touches after init, when `server.io` exists. */
  setup?: (server: SocketServer, io: IoServer) => void | Promise<void>;
}

/** An application with one server whose authentications the test decides one by one. */
export interface GivenNamespace extends AsyncDisposable {
  readonly given: GivenApp;
  readonly server: SocketServer;
  readonly io: IoServer;
  /** Root URL. */
  readonly root: string;
  /** Server side of each socket that reached the namespace, after all middleware. */
  readonly sockets: Queue<Socket>;
  readonly authentications: Queue<Authentication>;
  connect(options?: ClientOptions): TestClient;
  /** A client that has authenticated, and the server's side of it. */
  authenticated(options?: ClientOptions): Promise<[client: TestClient, socket: Socket]>;
}

export async function givenNamespace(
  options: NamespaceOptions = {},
): Promise<GivenNamespace> {
  const {kind = NAMESPACE_KINDS[0], transport = 'websocket'} = options;
  const recovery = options.recovery === true ? {} : options.recovery;
  const sockets = new Queue<Socket>();
  const authentications = new Queue<Authentication>();
  let server: SocketServer | undefined;
  let io: IoServer | undefined;
  const given = await givenApp({
    component: recovery ? {io: {connectionStateRecovery: recovery}} : undefined,
    setup: async app => {
      const {namespace} = kind;
      server = SocketServer.get(app, kind.server, {
        timeout: false,
        ...(namespace !== undefined && {namespace}),
      });
      server.auth(
        (socket: Socket, credentials: unknown) =>
          new Promise(resolve => {
            authentications.push({
              socket,
              credentials,
              succeed: () => resolve({name: 'someone'}),
              fail: () => resolve(undefined),
            });
          }),
      );
      await app.init();
      io = await app.get(SocketBindings.IO);
      server.io.on('connection', socket => sockets.push(socket));
      await options.setup?.(server, io);
    },
  });
  const root = (await given.app.getServer(RestServer)).url ?? '';
  const connect = (client: ClientOptions = {}) =>
    givenClient(root + kind.path, {transports: [transport], ...client});
  return {
    given,
    server: server as SocketServer,
    io: io as IoServer,
    root,
    sockets,
    authentications,
    connect,
    authenticated: async (client = {}) => {
      const connected = connect(client);
      const socket = await sockets.next();
      await connected.next('connect');
      connected.socket.emit('authentication', {token: 'ok'});
      (await authentications.next()).succeed();
      await connected.next('authenticated');
      return [connected, socket];
    },
    [Symbol.asyncDispose]: () => Promise.resolve(given[Symbol.asyncDispose]()),
  };
}

/** Runs a broadcast of each kind at a socket; gives the ids of those that are listed. */
export async function reach(
  nsp: Namespace,
  id: string,
  rooms: string[],
): Promise<string[]> {
  nsp.emit('broadcast', 'all');
  nsp.local.emit('broadcast', 'local');
  nsp.volatile.emit('broadcast', 'volatile');
  nsp.except('nobody').emit('broadcast', 'except');
  nsp.to(id).emit('broadcast', 'own room');
  for (const room of rooms) nsp.to(room).emit('broadcast', room);
  nsp.socketsJoin('joined by the namespace');
  nsp.in(id).socketsJoin('joined by id');
  nsp.in([id, ...rooms]).socketsLeave(rooms);
  nsp.disconnectSockets();
  nsp.in(id).disconnectSockets(true);
  const answers = await nsp.timeout(5000).emitWithAck('broadcast', 'with ack');
  const listed = await nsp.fetchSockets();
  const listedById = await nsp.in([id, ...rooms]).fetchSockets();
  const all = await nsp.adapter.sockets(new Set([id]));
  return [
    ...answers,
    ...listed.map(one => one.id),
    ...listedById.map(one => one.id),
    ...all,
  ];
}

/** Lets a socket.io server have an adapter that gives each session only once, as those of databases do. */
export function giveSessionsOnce(
  io: IoServer,
  given: (pid: string) => void = () => undefined,
): void {
  const Base = io.adapter() as any;
  io.adapter(
    class extends Base {
      async restoreSession(pid: string, offset: string): Promise<unknown> {
        const session: unknown = await super.restoreSession(pid, offset);
        this.sessions.delete(pid);
        given(pid);
        return session;
      }
    } as any,
  );
}
