import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {Agent} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {isDeepStrictEqual} from 'node:util';
import type {Question, Setting, Sizes} from '../fixtures/cycles-process';
import {givenClient} from '../helpers/client';
import {Wire} from '../helpers/wire';

const CYCLES = Number(process.env.CYCLES ?? 10_000);
const WARM_UP = 1000;
const AT_ONCE = 64;
/** The time, in ms, until ended connections are gone: pings find the silent ones. */
const PATIENCE = 30_000;
/** The time, in ms, that a session waits for its client. */
const RECOVERY = 500;

const NAMESPACES = ['/', '/named', '/room-'];

/** A client was disconnected sooner than it should be, as happens where a machine is busy. */
class Lost extends Error {}

/** A client in one namespace. */
class Client {
  constructor(
    readonly wire: Wire,
    readonly nsp: string,
  ) {}

  async send(...packets: [type: string, ...json: unknown[]][]): Promise<void> {
    const prefix = this.nsp === '/' ? '' : `${this.nsp},`;
    const frames = packets.map(([type, json]) => {
      const [, kind, id = ''] = /^(\d)(\d*)$/.exec(type) ?? [];
      return `4${kind}${prefix}${id}${json === undefined ? '' : JSON.stringify(json)}`;
    });
    await this.wire.send(...frames);
  }

  async until(type: string, name?: string): Promise<string> {
    const prefix = `4${type[0]}${this.nsp === '/' ? '' : `${this.nsp},`}${type.slice(1)}`;
    const start = name === undefined ? prefix : `${prefix}["${name}"`;
    const frame = await this.wire.until(one => one.startsWith(start));
    if (frame === undefined) throw new Lost(`${start} did not come`);
    return frame;
  }

  async join(auth?: object): Promise<string> {
    await this.send(['0', auth]);
    return this.until('0');
  }

  /** Joins and authenticates; gives what a connection is recovered by. */
  async enter(): Promise<{pid?: string; offset?: string}> {
    const joined = await this.join();
    await this.send(['2', ['authentication', {name: 'someone'}]]);
    return recoveryOf(joined, await this.until('2', 'authenticated'));
  }

  async ended(): Promise<void> {
    await this.wire.closed;
  }
}

function recoveryOf(
  joined: string,
  authenticated: string,
): {pid?: string; offset?: string} {
  const {pid} = JSON.parse(joined.slice(joined.indexOf('{'))) as {pid?: string};
  const event = JSON.parse(authenticated.slice(authenticated.indexOf('['))) as string[];
  return {...(pid !== undefined && {pid, offset: event.at(-1)})};
}

/** The fates of clients, by name. Each ends with its transport. */
const FATES: Record<
  string,
  (client: Client, again: () => Promise<Client>) => Promise<void>
> = {
  async 'authenticated, then closed'(client) {
    await client.enter();
    client.wire.close();
  },
  async 'authenticated, then left'(client) {
    await client.enter();
    await client.send(['1']);
  },
  async 'authenticated, then cut'(client) {
    await client.enter();
    client.wire.cut();
  },
  async 'called, then left'(client) {
    await client.enter();
    await client.send(['21', ['look', 1]], ['22', ['heard', 1]], ['23', ['missing']]);
    await client.until('33');
    await client.send(['1']);
  },
  async 'called, then cut with calls in flight'(client) {
    await client.enter();
    await client.send(['21', ['hang']], ['22', ['look']], ['2', ['hang']]);
    await client.until('32');
    client.wire.cut();
  },
  async 'disconnected by a call'(client) {
    await client.enter();
    await client.send(['21', ['leave']], ['22', ['look']]);
  },
  async 'authenticated by its handshake'(client) {
    await client.join({name: 'someone'});
    await client.until('2', 'authenticated');
    client.wire.close();
  },
  async 'renewed, then refused'(client) {
    await client.enter();
    await client.send(['21', ['authentication', {name: 'someone'}]]);
    await client.until('31');
    await client.send(['21', ['authentication', {name: 'another'}]]);
    await client.until('2', 'unauthorized');
  },
  async 'refused, the handler having thrown'(client) {
    await client.join();
    await client.send(['21', ['authentication', {end: 'throw'}]]);
    await client.until('2', 'unauthorized');
  },
  async 'refused, the handler having given nobody'(client) {
    await client.join();
    await client.send(['2', ['authentication']], ['21', ['look']]);
    await client.until('2', 'unauthorized');
  },
  async 'refused by its handshake'(client) {
    await client.join({end: 'throw'});
    await client.until('2', 'unauthorized');
  },
  async 'timed out, having said nothing'(client) {
    await client.join();
    await client.until('2', 'unauthorized');
  },
  async 'timed out, its authentication under way'(client) {
    await client.join();
    await client.send(['21', ['authentication', {end: 'hang'}]], ['22', ['look']]);
    await client.until('31');
  },
  async 'timed out, in no namespace'() {
    // It is closed by the server.
  },
  async 'cut while it authenticates'(client) {
    await client.join();
    await client.send(['21', ['authentication', {end: 'hang'}]], ['22', ['look']]);
    client.wire.cut();
  },
  async 'cut right after it is opened'(client) {
    client.wire.cut();
  },
  async 'left before it is authenticated'(client) {
    await client.join();
    await client.send(['1']);
  },
  async 'refused a namespace that is none'({wire}) {
    await wire.send('40/none,');
    await wire.until(frame => frame.startsWith('44/none,'));
    wire.close();
  },
  async 'closed for a frame that cannot be read'(client) {
    await client.enter();
    await client.wire.send('4x');
  },
  async 'in several namespaces'(client) {
    const others = NAMESPACES.map(nsp => (nsp === '/room-' ? '/room-0' : nsp));
    const clients = others.map(nsp => new Client(client.wire, nsp));
    for (const one of clients) await one.enter();
    for (const one of clients) await one.send(['1']);
  },
  async 'back after it was cut'(client, again) {
    const session = await client.enter();
    client.wire.cut();
    const back = await again();
    await back.join(session);
    await back.send(['2', ['authentication', {name: 'someone'}]]);
    await back.until('2', 'authenticated');
    back.wire.close();
    await back.ended();
  },
  async 'back after it was cut, and refused'(client, again) {
    const session = await client.enter();
    client.wire.cut();
    const back = await again();
    await back.join(session);
    await back.send(['2', ['authentication', {end: 'throw'}]]);
    await back.until('2', 'unauthorized');
    await back.ended();
  },
  async 'back after it was cut, and cut again'(client, again) {
    const session = await client.enter();
    client.wire.cut();
    const back = await again();
    await back.join(session);
    back.wire.cut();
    await back.ended();
  },
};

/** Part of the cycles that are those of a real client, which changes its transport. */
const UPGRADED = 50;

/** The children of the pattern's namespace come and go. */
const ROOMS = 20;

async function upgrade(url: string, nsp: string): Promise<void> {
  await using client = givenClient(url + nsp, {
    transports: ['polling', 'websocket'],
    reconnection: false,
  });
  await client.next('connect');
  const {engine} = client.socket.io;
  if (engine.transport.name === 'polling') await once(engine as never, 'upgrade');
  await client.authenticate({name: 'someone'});
  assert.deepEqual(await client.call('look'), {result: false});
}

async function cycle(url: string, agent: Agent, at: number): Promise<void> {
  const names = Object.keys(FATES);
  const place = NAMESPACES[Math.floor(at / names.length) % NAMESPACES.length];
  const nsp = place === '/room-' ? place + String(at % ROOMS) : place;
  if (at % UPGRADED === UPGRADED - 1) {
    await upgrade(url, nsp);
    return;
  }
  const turn = Math.floor(at / names.length / NAMESPACES.length);
  const transport = turn % 2 === 0 ? 'websocket' : 'polling';
  const port = Number(new URL(url).port);
  const open = async () => new Client(await Wire.open(transport, port, agent), nsp);
  const client = await open();
  await FATES[names[at % names.length]](client, open);
  await client.ended();
}

async function ask(child: ChildProcess, question: Question): Promise<Sizes> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [Sizes];
  return answer;
}

/** Counts again and again until it is as expected, or has been the same twice. */
async function settled(
  child: ChildProcess,
  question: Question,
  isDone: (now: Sizes, before: Sizes | undefined) => boolean,
): Promise<Sizes> {
  const end = Date.now() + PATIENCE;
  let before: Sizes | undefined;
  for (;;) {
    const now = await ask(child, question);
    if (isDone(now, before) || Date.now() > end) return now;
    before = now;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

/** Returns the remains that are not counters. */
function remains(sizes: Sizes): Sizes {
  const {authentications, connected, disconnected, calls, recovered, ...rest} = sizes;
  void [authentications, connected, disconnected, calls, recovered];
  return rest;
}

/** Things that must not exist while nobody is connected. */
function left(sizes: Sizes): [string, number][] {
  const names =
    /(sockets|connecting|rooms|sids|held|sessions|packets|clients.*|connections|running|children)$/;
  return Object.entries(sizes).filter(([name, size]) => names.test(name) && size > 0);
}

/** Returns the things that have grown. Nothing new may appear. */
function more(now: Sizes, before: Sizes): string[] {
  return Object.entries(now)
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${name}: ${count}, before ${before[name] ?? 0}`);
}

describe('nothing is retained of connections, counted by class', () => {
  for (const recovery of [false, RECOVERY] as const) {
    const how = recovery === false ? 'without' : 'with';
    it(`${how} connection state recovery, after ${CYCLES} cycles`, async () => {
      const child = fork(join(__dirname, '../fixtures/cycles-process.js'), [], {
        execArgv: [],
      });
      try {
        child.send({recovery} satisfies Setting);
        const [url] = (await once(child, 'message')) as [string];
        await connectAtOnce(url, 4 * AT_ONCE);
        await run(url, WARM_UP);
        const first = await settled(child, 'sizes', now => left(now).length === 0);
        assert.deepEqual(left(first), []);
        const all = await settled(child, 'all', isDeepStrictEqual);
        const others = await ask(child, 'others');
        const began = Date.now();
        await run(url, CYCLES);
        const sizes = await settled(child, 'sizes', now =>
          isDeepStrictEqual(remains(now), remains(first)),
        );
        const took = (Date.now() - began) / 1000;
        const objects = await settled(child, 'all', now => more(now, all).length === 0);
        const ofConnections = await ask(child, 'connections');
        const ofOthers = await ask(child, 'others');
        const {authentications, connected, calls, recovered} = sizes;
        console.log(
          `retained-connections, ${how} recovery: ${CYCLES} cycles, ${took} s`,
          {authentications, connected, calls, recovered},
        );
        console.log('left, by class:', {...ofConnections, ...ofOthers, ...objects});
        assert.deepEqual(more(ofConnections, {}), []);
        assert.deepEqual(remains(sizes), remains(first));
        assert.deepEqual(more(ofOthers, others), []);
        assert.deepEqual(more(objects, all), []);
        assert.equal(sizes.disconnected, connected);
        assert.ok(connected > CYCLES / 2 && calls > CYCLES / 10);
        assert.equal(recovered > CYCLES / 50, recovery !== false);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
});

/**
 * Node keeps a parser for each of the most connections that there ever were at once: here that
 * many, before anything is counted, so that none is added when many cycles happen to coincide.
 */
async function connectAtOnce(url: string, count: number): Promise<void> {
  const port = Number(new URL(url).port);
  const sockets = await Promise.all(
    Array.from({length: count}, async () => {
      const socket = connect({host: '127.0.0.1', port});
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      return socket;
    }),
  );
  await Promise.all(sockets.map(socket => once(socket.destroy(), 'close')));
}

/** Runs that many cycles, many at once. */
async function run(url: string, cycles: number): Promise<void> {
  const agent = new Agent({keepAlive: true, maxSockets: 2 * AT_ONCE});
  let next = 0;
  let lost = 0;
  const work = async () => {
    while (next < cycles) {
      await cycle(url, agent, next++).catch((error: unknown) => {
        if (!(error instanceof Lost)) throw error;
        lost++;
      });
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, work));
  agent.destroy();
  assert.ok(lost < cycles / 20, `${lost} clients were lost`);
}
