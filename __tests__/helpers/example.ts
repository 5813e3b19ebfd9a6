import assert from 'node:assert/strict';
import {SocketServer} from 'loopback4-socket';
import {ExampleApplication} from 'loopback4-socket-example';

// Each application makes a secret of its own, unless a test gives one.
delete process.env.JWT_SECRET;

export const ANA = {email: 'ana@example.com', password: 'ana-secret'};
export const BEN = {email: 'ben@example.com', password: 'ben-secret'};

export interface GivenExample extends AsyncDisposable {
  readonly app: ExampleApplication;
  readonly server: SocketServer;
  /** Root URL, of REST and of the default socket server. */
  readonly url: string;
}

/** The example application, on a free port; stopped by `await using`. */
export async function givenExample(
  setup: (app: ExampleApplication) => void = () => undefined,
  port = 0,
): Promise<GivenExample> {
  // A browser opens connections that it may never use, which REST would wait for without end.
  const rest = {port, host: '127.0.0.1', gracePeriodForClose: 1000};
  const app = new ExampleApplication({rest});
  setup(app);
  await app.boot();
  await app.start();
  const server = await app.getServer(SocketServer);
  assert(server.url);
  const stop = async () => {
    if (app.state === 'started') await app.stop();
  };
  return {app, server, url: server.url, [Symbol.asyncDispose]: stop};
}

/** A request of the example's REST API, with a bearer token if there is one. */
export async function request(
  url: string,
  operation: string,
  {token, body}: {token?: string; body?: object} = {},
): Promise<{status: number; body: any}> {
  const [method, path] = operation.split(' ');
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body && {'Content-Type': 'application/json'}),
      ...(token !== undefined && {Authorization: `Bearer ${token}`}),
    },
    ...(body && {body: JSON.stringify(body)}),
  });
  return {status: response.status, body: await response.json()};
}

/** Returns the credentials for sockets of a user. */
export async function logIn(url: string, user: object): Promise<{token: string}> {
  const {status, body} = await request(url, 'POST /users/login', {body: user});
  assert.equal(status, 200);
  return body;
}
