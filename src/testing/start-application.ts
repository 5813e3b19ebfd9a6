import {CoreTags} from '@loopback/core';
import type {Application, ApplicationConfig, Constructor, Server} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {isHttpServer} from '../http/target';
import type {SocketComponentOptions} from '../options/component-options';
import {SocketKeys} from '../options/keys';
import {SocketServer} from '../server/socket.server';

export const LOCALHOST = '127.0.0.1';

/** Options of `givenSocketApp`. */
export interface GivenSocketAppOptions<App extends Application = Application> {
  /** Values that replace bindings of the application, by key. They are bound after the application has booted. */
  bind?: Record<string, unknown>;
  /** Configuration of the application, for its constructor. @default REST on port 0 of 127.0.0.1 */
  options?: ApplicationConfig;
  /** Changes the application further, after `bind` and before the start. */
  setup?: (app: App) => void | Promise<void>;
}

/** An application with `BootMixin` has `boot`. */
interface Bootable {
  boot?(): Promise<unknown>;
}

/** Makes an application, boots it if it can boot, and starts it on free ports. */
export async function startApplication<App extends Application>(
  type: Constructor<App>,
  {bind = {}, options = {}, setup}: GivenSocketAppOptions<App>,
): Promise<App> {
  const rest: unknown = options.rest;
  // A test that fails may leave requests open, which REST would wait for.
  const free = {port: 0, host: LOCALHOST, gracePeriodForClose: 1000};
  const app = new type({...options, rest: {...free, ...(rest as object | undefined)}});
  await (app as Bootable).boot?.();
  freePort(app);
  for (const [key, value] of Object.entries(bind)) rebind(app, key, value);
  await setup?.(app);
  try {
    await app.start();
  } catch (error) {
    await stopServers(app);
    throw error;
  }
  return app;
}

/** Binds a value in place of an earlier binding; its tags stay, by which `@service` and others find it. */
function rebind(app: Application, key: string, value: unknown): void {
  const earlier = app.getBinding(key, {optional: true});
  const binding = app.bind(key).to(value);
  if (earlier) binding.tag(earlier.tagMap);
}

/** Moves the component's own HTTP server, if it has one, to a free port. */
function freePort(app: Application): void {
  const options = app.getConfigSync<SocketComponentOptions>(SocketKeys.COMPONENT);
  const {http} = options ?? {};
  if (typeof http !== 'object' || isHttpServer(http) || 'path' in http) return;
  const free = {...http, port: 0, host: LOCALHOST};
  app.configure(SocketKeys.COMPONENT).to({...options, http: free});
}

/** Stops the servers of an application that did not start; LoopBack does not. */
async function stopServers(app: Application): Promise<void> {
  for (const {key} of app.findByTag(CoreTags.SERVER)) {
    try {
      await (await app.get<Server>(key)).stop?.();
    } catch {
      // The error of the start says more.
    }
  }
}

/** Returns the root URL of the HTTP server of the sockets, or else of REST. */
export async function urlOf(app: Application): Promise<string | undefined> {
  for (const {key} of app.findByTag(CoreTags.SERVER)) {
    const server: unknown = await app.get(key);
    if (server instanceof SocketServer && server.url !== undefined) {
      return new URL(server.url).origin;
    }
  }
  const rest = await app.get(RestBindings.SERVER, {optional: true});
  return rest?.url;
}
