import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {Agent} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {it} from 'node:test';
import {isDeepStrictEqual} from 'node:util';
import type {Census} from '../fixtures/fuzz-process';
import {givenAuthenticated} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {Wire} from '../helpers/wire';
import {
  answersTo,
  frame,
  httpRequest,
  joinsAndLeavings,
  oddFrame,
  uploads,
  VALID_ID,
  validCall,
} from './grammar';
import {patiently} from './patiently';
import {Random} from './random';
import {seedOf} from './seed';
import {FuzzedStreams, KnownStreams} from './stream-grammar';
import {runStreams} from './stream-session';

const FRAMES = Number(process.env.FRAMES ?? 100_000);
const REQUESTS = FRAMES / 20;
const AT_ONCE = 24;

interface Tally {
  sessions: number;
  frames: number;
  /** Frames of clients that do nothing but stream. */
  ofStreams: number;
  asked: number;
  answered: number;
  questions: number;
  requests: number;
  bystander: number;
  patience: number;
  joins: number;
  neglected: number;
  pings: number;
}

it(`${FRAMES} frames of hostile clients end no process and disturb nobody`, async () => {
  const seed = seedOf('fuzz');
  const tally: Tally = {
    sessions: 0,
    frames: 0,
    ofStreams: 0,
    asked: 0,
    answered: 0,
    questions: 0,
    requests: 0,
    bystander: 0,
    patience: 0,
    joins: 0,
    neglected: 0,
    pings: 0,
  };
  const child = fork(join(__dirname, '../fixtures/fuzz-process.js'), [], {execArgv: []});
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The server ended with ${String(code ?? signal)}.`);
  });
  try {
    await Promise.race([exited, attack(child, seed, tally)]);
  } finally {
    console.log('fuzz:', tally);
    exited.catch(() => undefined);
    child.kill('SIGKILL');
  }
});

async function attack(child: ChildProcess, seed: number, tally: Tally): Promise<void> {
  const [url] = (await once(child, 'message')) as [string];
  const port = Number(new URL(url).port);
  const agent = new Agent({keepAlive: true, maxSockets: 2 * AT_ONCE});
  await using bystander = await givenAuthenticated(url, {token: 'ok', name: 'bystander'});
  const watch = {over: false};
  const standing = standBy(bystander, watch, tally);

  const known = new KnownStreams();
  let session = 0;
  const workers = Array.from({length: AT_ONCE}, async () => {
    while (tally.frames < FRAMES) {
      await runSession(port, agent, new Random(seed, session++), tally, known);
    }
  });
  const readers = Array.from({length: AT_ONCE / 3}, async (_, at) => {
    for (let reader = 0; tally.frames < FRAMES; reader++) {
      const random = new Random(seed, -1_000_000 * (at + 1) - reader);
      const sent = await runStreams(port, agent, random, known);
      tally.ofStreams += sent;
    }
  });
  let request = 0;
  const requesters = Array.from({length: 8}, async () => {
    while (tally.requests < REQUESTS) {
      await runRequest(port, new Random(seed, -++request), tally);
    }
  });
  await Promise.all([...workers, ...readers, ...requesters]);
  watch.over = true;
  await standing;
  agent.destroy();

  const census = await quiet(child);
  console.log('fuzz, streams:', known.tally);
  console.log('fuzz, on the server:', census.counts);
  assert.deepEqual(census.faults, []);
  assert.equal(census.counts.unhandled, 0);
  assert.equal(census.counts.uncaught, 0);
  assert.deepEqual(census.logged, []);
  assert.deepEqual(remains(census), ALONE);
  assert.equal(census.counts.ended, census.counts.opened);
  if (FRAMES < 100_000) return;
  assert.ok(census.counts.authentications > 2000);
  assert.ok(census.counts.calls > 5000);
  assert.ok(census.counts.taken > 20);
  assert.ok(known.tally.streams > 500);
  assert.ok(known.tally.items > 5000);
  assert.ok(known.tally.takenOver > 20);
  assert.ok(known.tally.refused > 500);
  assert.ok(census.counts.answered > 200);
  assert.ok(census.counts.refused > 10);
  assert.ok(tally.joins > 1000);
  assert.ok(tally.neglected > 200);
}

/** Calls all the time; each answer must be the right one. */
async function standBy(
  client: TestClient,
  watch: {readonly over: boolean},
  tally: Tally,
): Promise<void> {
  let lost = false;
  client.socket.on('disconnect', () => (lost = true));
  while (!watch.over) {
    const n = ++tally.bystander;
    const [echoed, summed, user] = await Promise.all([
      client.call('echo', {n}),
      client.call('sum', {left: n, right: 1}),
      client.call('whoAmI'),
    ]);
    assert.deepEqual(echoed, {result: {n}});
    assert.deepEqual(summed, {result: n + 1});
    assert.deepEqual(user, {result: 'bystander'});
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  assert.equal(lost, false);
}

/** One client: it joins, mostly authenticates, and then sends right and wrong frames. */
async function runSession(
  port: number,
  agent: Agent,
  random: Random,
  tally: Tally,
  known: KnownStreams,
): Promise<void> {
  tally.sessions++;
  const transport = random.pick(['websocket', 'polling'] as const);
  const wire = await Wire.open(transport, port, agent);
  const answers = new Map<string, number>();
  const streams = new FuzzedStreams(random, known);
  wire.onFrame = received => {
    streams.receive(received);
    const question = /^42(?:(\/[^,]*),)?(\d+)\["question"/.exec(received);
    if (question) {
      tally.questions++;
      void send(...answersTo(random, question[1] || '/', question[2]));
      return;
    }
    const id = /^43(?:\/[^,]*,)?(777\d+)/.exec(received)?.[1];
    if (id === undefined) return;
    const count = (answers.get(id) ?? 0) + 1;
    answers.set(id, count);
    tally.answered++;
    assert.equal(count, 1, `${id} was answered ${count} times: ${received}`);
  };
  const send = async (...frames: (string | Buffer)[]) => {
    if (wire.isClosed || frames.length === 0) return;
    tally.frames += frames.length;
    await wire.send(...frames);
  };

  const waitFor = async (accept: (received: string) => boolean) => {
    if (!(await patiently(wire, accept))) tally.patience++;
  };

  const nsp = random.pick(['/', '/', '/', '/open', '/room-1', '/room-2', '/room-3']);
  const credentials = {
    token: 'ok',
    name: 'someone',
    id: streams.user,
    slow: random.chance(0.3),
  };
  const byHandshake = random.chance(0.2);
  await send(frame('0', nsp, '', byHandshake ? JSON.stringify(credentials) : ''));
  // Before it is authenticated.
  if (random.chance(0.2)) {
    await send(...Array.from({length: 1 + random.below(4)}, () => oddFrame(random, nsp)));
  }
  if (random.chance(0.9)) {
    if (!byHandshake) {
      const json = JSON.stringify(['authentication', credentials]);
      await send(frame('2', nsp, '', json));
    }
    await waitFor(received => /authenticated"|unauthorized/.test(received));
  }
  let id = 0;
  for (let batches = 1 + random.below(4); batches > 0 && !wire.isClosed; batches--) {
    const batch: (string | Buffer)[] = [];
    let last = '';
    for (let count = 1 + random.below(8); count > 0; count--) {
      if (random.chance(0.7)) {
        last = `${VALID_ID}${id++}`;
        tally.asked++;
        batch.push(validCall(random, nsp, last));
      } else {
        batch.push(oddFrame(random, nsp));
      }
    }
    if (random.chance(0.1)) {
      const joining = joinsAndLeavings(random);
      tally.joins += joining.length;
      batch.push(...joining);
    }
    if (random.chance(0.4)) batch.push(...uploads(random, nsp));
    if (random.chance(0.6)) batch.push(...streams.frames(nsp));
    if (random.chance(0.05)) {
      const pings = random.below(200);
      tally.neglected++;
      tally.pings += pings;
      await wire.neglect(pings, async () => {
        await send(...batch);
        await new Promise(resolve => setTimeout(resolve, random.below(50)));
      });
    } else {
      await send(...batch);
    }
    if (last && random.chance(0.9)) {
      await waitFor(received => received.includes(`${last}[`));
    }
  }
  if (random.chance(0.1)) wire.cut();
  else wire.close();
  if (random.chance(0.1)) await send(oddFrame(random, nsp));
  await waitFor(() => false);
  if (!wire.isClosed) wire.cut();
}

/** One HTTP request that may be none, on a TCP connection of its own. */
async function runRequest(port: number, random: Random, tally: Tally): Promise<void> {
  tally.requests++;
  const socket = connect({host: '127.0.0.1', port});
  socket.on('error', () => undefined);
  const answered = new Promise<void>(resolve => {
    socket.once('data', () => resolve());
    socket.once('close', () => resolve());
    // It may be waiting for the rest.
    setTimeout(resolve, 200);
  });
  socket.write(httpRequest(random, 'none'));
  await answered;
  if (random.chance(0.5)) socket.write(random.bytes(20));
  // Node keeps the handle of a socket for ever that is reset while it ends.
  if (random.chance(0.2)) socket.resetAndDestroy();
  else if (random.chance(0.5)) socket.end();
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
}

/** All that is left when nobody but the bystander is. */
const ALONE = {
  engineClients: 1,
  namespaces: {
    '/': {sockets: 1, connecting: 0, rooms: 2, sids: 1, held: 0},
    '/open': {sockets: 0, connecting: 0, rooms: 0, sids: 0, held: 0},
  },
  children: 0,
  servers: {
    SocketServer: {connections: 1, running: 0, uploads: 0, streams: 0},
    rooms: {connections: 0, running: 0, uploads: 0, streams: 0},
    open: {connections: 0, running: 0, uploads: 0, streams: 0},
  },
};

function remains({engineClients, namespaces, children, servers}: Census): object {
  return {engineClients, namespaces, children, servers};
}

/** Waits until the server has noticed that everybody is gone, as its pings make it. */
async function quiet(child: ChildProcess): Promise<Census> {
  const end = Date.now() + 60_000;
  for (;;) {
    child.send('census');
    const [census] = (await once(child, 'message')) as [Census];
    if (isDeepStrictEqual(remains(census), ALONE) || Date.now() > end) return census;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}
