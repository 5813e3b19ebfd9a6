import {once} from 'node:events';
import {createServer} from 'node:http';
import type {Server as HttpServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Server} from 'socket.io';
import type {ServerOptions} from 'socket.io';

export interface GivenIo extends AsyncDisposable {
  readonly io: Server;
  readonly http: HttpServer;
  readonly url: string;
}

/** A socket.io server that is not the application's, listening on a free port. */
export async function givenIo(
  options: Partial<ServerOptions> = {},
  copy = {Server},
): Promise<GivenIo> {
  const http = createServer();
  const io = new copy.Server(http, options);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    io,
    http,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => io.close(),
  };
}
