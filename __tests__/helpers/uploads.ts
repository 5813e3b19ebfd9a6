import {securityId} from '@loopback/security';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {AppOptions} from './app';
import {givenChunks, hashOf} from './chunks';
import {givenAuthenticated} from './client';
import type {Answer, ClientOptions, TestClient} from './client';
import {Queue} from './queue';
import {givenServer} from './server';
import {SeenUploads, uploadController} from './upload-controller';

/** A server whose methods take uploads. The `id` of the credentials is the user's. */
export async function givenUploads(
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
  appOptions: AppOptions = {},
) {
  const seen = new SeenUploads();
  const app = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      define(server);
    },
    options,
    {...appOptions, controllers: [uploadController(seen)]},
  );
  const left = new Queue<string>();
  app.server.io.on('connection', socket =>
    socket.on('disconnect', reason => left.push(reason)),
  );
  const join = (clientOptions: ClientOptions, id?: string) =>
    givenAuthenticated(app.server.url, {id}, {reconnection: false, ...clientOptions});
  return {
    app,
    seen,
    /** Connects and authenticates a client. */
    join,
    /** The reasons of sockets that have left. */
    left,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** Call options of an upload. */
export const uploading = (ref: string, id?: string) => ({
  $call: {ref, upload: true, ...(id && {id})},
});

/** Packets that a client sends ahead. */
const AHEAD = 8;

/**
 * Sends the rest of an upload, one item a packet, as clients do: some packets ahead.
 *
 * @returns The first refusal.
 */
export async function sendFrom(
  client: TestClient,
  ref: string,
  items: readonly unknown[],
  from = 0,
): Promise<Answer | undefined> {
  let next = from;
  let refusal: Answer | undefined;
  const work = async () => {
    while (next < items.length && !refusal) {
      const at = next++;
      const done = at === items.length - 1;
      const answer = await client.call('$send', {ref, at, items: [items[at]], done});
      if (answer.error) refusal ??= answer;
    }
  };
  await Promise.all(Array.from({length: AHEAD}, work));
  return refusal;
}

/** Sends a packet whose answer may be lost. */
export function send(
  client: TestClient,
  ref: string,
  at: number,
  items: unknown[],
): void {
  client.socket.emit('$send', {ref, at, items}, () => undefined);
}

/** Cuts the connection of a client, whose answers are lost. */
export function cut({socket}: TestClient): void {
  socket.io.engine.close();
}

/** The status and the code of a refusal. */
export const refusal = ({error}: Answer) => [error.statusCode, error.code];

/** Chunks of the upload of most tests. */
export const CHUNKS = givenChunks(32, 4096);

/** The answer of `photo` to all of them. */
export const ALL = {result: {items: CHUNKS.length, hash: hashOf(CHUNKS)}};
