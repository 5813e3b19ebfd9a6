import {securityId} from '@loopback/security';
import {Redis} from 'ioredis';
import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {RateLimiterMemory, RateLimiterRedis} from 'rate-limiter-flexible';
import type {RateLimiter} from 'loopback4-socket';
import type {GivenApp} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import {freePort} from '../../helpers/net';
import {givenServer} from '../../helpers/server';

const missing = spawnSync('redis-server', ['--version']).error
  ? 'redis-server is not installed'
  : false;

interface GivenRedis extends AsyncDisposable {
  /** A client of it, which fails at once while there is no server. */
  client(): Redis;
  end(): Promise<void>;
}

/** A Redis server on a free port, which keeps nothing. */
async function givenRedis(): Promise<GivenRedis> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const settings = {port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: directory};
  const args = Object.entries(settings).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const server = spawn('redis-server', args, {stdio: ['ignore', 'pipe', 'inherit']});
  const exited = once(server, 'exit');
  for await (const chunk of server.stdout) {
    if (String(chunk).includes('Ready to accept connections')) break;
  }
  const clients: Redis[] = [];
  const end = async () => {
    server.kill('SIGKILL');
    await exited;
  };
  return {
    client: () => {
      const options = {enableOfflineQueue: false, maxRetriesPerRequest: 0};
      const client = new Redis(port, '127.0.0.1', {...options, retryStrategy: () => 50});
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    end,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.disconnect();
      await end();
      rmSync(directory, {recursive: true});
    },
  };
}

/** A node of an application whose calls are limited. */
function givenNode(limiter: RateLimiter): Promise<GivenApp> {
  return givenServer(
    server => {
      server.auth((_socket, {id}: {id: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
    },
    {callLimiter: {limiter}},
  );
}

describe('RateLimiterRedis', {skip: missing}, () => {
  it('limits a user on all nodes together', async () => {
    await using redis = await givenRedis();
    const limiter = async () => {
      const storeClient = redis.client();
      await once(storeClient, 'ready');
      return new RateLimiterRedis({storeClient, points: 10, duration: 60});
    };
    await using one = await givenNode(await limiter());
    await using two = await givenNode(await limiter());
    await using here = await givenAuthenticated(one.server.url, {id: '1'});
    await using there = await givenAuthenticated(two.server.url, {id: '1'});
    await using other = await givenAuthenticated(two.server.url, {id: '2'});
    const calls = Array.from({length: 20}, (_, at) =>
      (at % 2 === 0 ? here : there).call('ping'),
    );
    const answers = await Promise.all(calls);
    assert.equal(answers.filter(({result}) => result === 'pong').length, 10);
    for (const {error} of answers.filter(({result}) => result === undefined)) {
      assert.equal(error.code, 'TOO_MANY_REQUESTS');
      assert.ok(error.details.retryAfter > 0 && error.details.retryAfter <= 60_000);
    }
    assert.deepEqual(await other.call('ping'), {result: 'pong'});
  });

  it('fails calls while Redis is gone, unless it is insured', async () => {
    await using redis = await givenRedis();
    const limiter = async (insured: boolean) => {
      const storeClient = redis.client();
      await once(storeClient, 'ready');
      const limits = {points: 10, duration: 60};
      const insuranceLimiter = new RateLimiterMemory(limits);
      return new RateLimiterRedis({
        storeClient,
        ...limits,
        ...(insured && {insuranceLimiter}),
      });
    };
    await using bare = await givenNode(await limiter(false));
    await using insured = await givenNode(await limiter(true));
    await using one = await givenAuthenticated(bare.server.url, {id: '1'});
    await using two = await givenAuthenticated(insured.server.url, {id: '1'});
    assert.deepEqual(await one.call('ping'), {result: 'pong'});
    await redis.end();
    assert.equal((await one.call('ping')).error.statusCode, 500);
    assert.equal(bare.logged.length, 1);
    assert.deepEqual(await two.call('ping'), {result: 'pong'});
    assert.deepEqual(insured.logged, []);
  });
});
