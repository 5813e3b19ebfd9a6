import {RestApplication} from '@loopback/rest';
import type {RunningServer} from '../../../job.cjs';

/** The same REST application without this package: what starting it costs. */
export async function start(): Promise<RunningServer> {
  const app = new RestApplication({rest: {host: '127.0.0.1', port: 0}});
  await app.start();
  const nobody = () => {
    throw new Error('A REST application has no sockets.');
  };
  return {
    port: Number(new URL(app.restServer.url ?? '').port),
    broadcast: nobody,
    senders: nobody,
  };
}
