import {Application} from '@loopback/core';
import type {ApplicationConfig, ControllerClass} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';
import type {
  LogSocketError,
  SocketComponentOptions,
  SocketServerOptions,
} from 'loopback4-socket';

export interface AppOptions {
  controllers?: ControllerClass[];
  /** Configuration of the component. */
  component?: SocketComponentOptions;
  /** Configuration of servers, by name; '' is the default server's. */
  servers?: Record<string, SocketServerOptions>;
  rest?: ApplicationConfig['rest'];
  /** A plain `Application`, without REST. */
  plain?: boolean;
  /** Last touches before start. */
  setup?: (app: Application) => void | Promise<void>;
  start?: boolean;
}

/** A failure that the application logged. */
export type Logged = Parameters<LogSocketError>;

export interface GivenApp extends AsyncDisposable {
  readonly app: Application;
  /** The default server. */
  readonly server: SocketServer;
  readonly logged: Logged[];
  /** Another server by name. */
  get(name: string): SocketServer;
}

/** An application with the component, started on a free port; stopped by `await using`. */
export async function givenApp(options: AppOptions = {}): Promise<GivenApp> {
  const config = {rest: {port: 0, host: '127.0.0.1', ...options.rest}};
  const app = options.plain ? new Application() : new RestApplication(config);
  const logged: Logged[] = [];
  app.bind(SocketBindings.LOG_ERROR).to((...entry) => logged.push(entry));
  app.component(SocketComponent);
  const component = configured(options.component);
  if (component) app.configure(SocketBindings.COMPONENT).to(component);
  for (const [name, server] of Object.entries(options.servers ?? {})) {
    app.configure(SocketBindings.server(name || undefined)).to(server);
  }
  for (const controller of options.controllers ?? []) app.controller(controller);
  await options.setup?.(app);
  if (options.start !== false) await app.start();
  return {
    app,
    logged,
    get server() {
      return SocketServer.get(app);
    },
    get: name => SocketServer.get(app, name),
    [Symbol.asyncDispose]: async () => {
      if (app.state === 'started') await app.stop();
    },
  };
}

/** Turns coalesced writes off where the environment says so, to test all of it that way too. */
function configured(component?: SocketComponentOptions) {
  const given = component ?? {};
  // Some tests give what is no object.
  if (process.env.COALESCE_WRITES !== 'false' || typeof given !== 'object')
    return component;
  return {coalesceWrites: false, ...given};
}

/** Accepts `{token: 'ok'}`; the user's name is the credentials' `name`. */
export function authenticateByToken(
  _socket: unknown,
  credentials?: {token?: string; name?: string},
): {name: string} | undefined {
  return credentials?.token === 'ok' ? {name: credentials.name ?? 'someone'} : undefined;
}
