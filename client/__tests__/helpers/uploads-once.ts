import {inject} from '@loopback/core';
import {securityId} from '@loopback/security';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {Proxy} from '../../../__tests__/helpers/proxy';
import {givenServer} from '../../../__tests__/helpers/server';
import {hashOf} from '../../../__tests__/helpers/chunks';
import {Random} from '../../../__tests__/long/random';
import {assertRunOnce, fateOf, givenCutClient} from './cut-clients';
import {KiB} from './uploading';

/** Uploads that a client makes at a time. */
const AT_ONCE = 2;

export interface UploadsOnce {
  /** The least number of uploads. */
  readonly uploads: number;
  readonly clients: number;
  readonly cuts: number;
}

/**
 * Clients upload with ids through a proxy that cuts their connections. Each method must run once, and take the bytes as
 * they are.
 */
export async function runUploadsOnce(
  {uploads, clients, cuts}: UploadsOnce,
  seed: number,
): Promise<UploadsOnce> {
  const random = new Random(seed);
  const runs = new Map<string, number>();
  class FileController {
    @socketMethod()
    async file(
      _socket: unknown,
      _credentials: unknown,
      {key}: {key: string},
      @inject(SocketBindings.UPLOAD) upload: AsyncIterable<Buffer>,
    ) {
      runs.set(key, (runs.get(key) ?? 0) + 1);
      const chunks: Buffer[] = [];
      for await (const chunk of upload) chunks.push(chunk);
      return hashOf(chunks);
    }
  }
  await using given = await givenServer(
    server => server.auth((_socket, {id}: {id: string}) => ({[securityId]: id})),
    {},
    {controllers: [FileController]},
  );
  await using proxy = await Proxy.to(given.server.url, () =>
    proxy.cuts < cuts ? fateOf(random) : undefined,
  );
  let made = 0;
  const work = async (client: number) => {
    const own = new Random(seed, client + 1);
    await using one = givenCutClient(proxy.url, client);
    const uploadOn = async () => {
      while (made < uploads || proxy.cuts < cuts) {
        const key = String(++made);
        const bytes = Buffer.alloc(own.below(150 * KiB), `${key},`);
        const upload = own.chance(0.5) ? bytes : new Blob([bytes]).stream();
        const hash = await one.client.call.file({key}, {upload, id: true});
        assert.equal(hash, hashOf([bytes]), `${key} has other bytes`);
      }
    };
    await Promise.all(Array.from({length: AT_ONCE}, uploadOn));
  };
  await Promise.all(Array.from({length: clients}, (_, client) => work(client)));
  assertRunOnce(runs, made);
  return {uploads: made, clients, cuts: proxy.cuts};
}
