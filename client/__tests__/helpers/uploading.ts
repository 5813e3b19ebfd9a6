import {securityId} from '@loopback/security';
import type {GivenApp} from '../../../__tests__/helpers/app';
import type {Queue} from '../../../__tests__/helpers/queue';
import {givenServer} from '../../../__tests__/helpers/server';
import {
  SeenUploads,
  uploadController,
} from '../../../__tests__/helpers/upload-controller';

export const KiB = 1024;

/** A server whose methods take uploads. */
export interface GivenUploads extends AsyncDisposable {
  readonly app: GivenApp;
  readonly url: string | undefined;
  readonly seen: SeenUploads;
  /** The number of `$send` that came. */
  readonly sent: () => number;
  /** Cuts all connections. */
  drop(): void;
}

export async function givenUploads(): Promise<GivenUploads> {
  const seen = new SeenUploads();
  let sent = 0;
  const app = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
    },
    {},
    {
      controllers: [uploadController(seen)],
      component: {reconnectWindow: 20, drainTimeout: 0},
    },
  );
  app.server.io.on('connection', socket => {
    socket.prependAny(name => {
      if (name === '$send') sent++;
    });
  });
  return {
    app,
    url: app.server.url,
    seen,
    sent: () => sent,
    drop: () => {
      for (const {conn} of app.server.io.sockets.values()) conn.close();
    },
    [Symbol.asyncDispose]: async () => {
      seen.gate.open();
      await app[Symbol.asyncDispose]();
    },
  };
}

/** Numbers without an end, and an entry when they are no longer read. */
export async function* endless(closed: Queue<unknown>) {
  try {
    for (let at = 0; ; at++) {
      await new Promise(resolve => setImmediate(resolve));
      yield at;
    }
  } finally {
    closed.push(undefined);
  }
}
