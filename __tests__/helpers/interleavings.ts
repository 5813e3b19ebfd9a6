import {Application} from '@loopback/core';
import fc from 'fast-check';
import type {Scheduler} from 'fast-check';
import {createServer} from 'node:http';
import {mock} from 'node:test';
import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import type {Namespace, Server, Socket} from 'socket.io';
import {Admission} from '../../dist/namespace/admission';
import {childrenOf, connectingSockets} from '../../dist/engine/internals';
import {MemoryConnection} from './memory-connection';
import {remainsOf} from './endpoint-remains';

/** Orders of everything that can happen to sockets, generated, and the rules that hold in each. */

/** The way in which a function of the application ends, and the time. */
interface Outcome {
  readonly end: 'ok' | 'falsy' | 'throw' | 'outage';
  readonly when: 'now' | 'later' | 'never';
}

/** Of one authentication: its handler, then the connected handlers. */
interface Credentials extends Outcome {
  readonly user: number;
  readonly connected: Outcome;
  /** ms until it ends; never without it. */
  readonly lasts?: number;
}

type Place = '/' | '/room-1' | '/room-2';

type ClientStep =
  | {do: 'join'; nsp: Place; auth?: Credentials}
  | {do: 'authenticate'; nsp: Place; with: Credentials; ack: boolean}
  | {
      do: 'call';
      nsp: Place;
      name: 'work' | 'heard' | 'missing' | 'callback';
      with: Outcome;
      guard: Outcome;
      ack: boolean;
      limit?: number;
    }
  | {do: 'leave'; nsp: Place}
  | {do: 'cut'};

type ServerStep =
  | {do: 'enter'; nsp: Place}
  | {do: 'exit'; nsp: Place}
  | {do: 'direct'; nsp: Place; ack: boolean}
  | {do: 'disconnect'; nsp: Place; transport: boolean}
  | {do: 'broadcast'; room?: string}
  | {do: 'gather'; nsp: Place}
  | {do: 'disconnect all'; nsp: Place}
  | {do: 'wait'; ms: number}
  | {do: 'revoke'; user: number}
  | {do: 'stop one'}
  | {do: 'stop'};

interface Order {
  readonly credentials: 'both' | 'event' | 'handshake';
  readonly callTimeout: number | false;
  /** Of authentications. */
  readonly concurrent: number | false;
  readonly guards: boolean;
  /** Which of the sockets the application turns away when it joins. */
  readonly away: number;
  readonly clients: {slow: boolean; bursts: ClientStep[][]}[];
  readonly server: ServerStep[];
  /** The progress of the process between one step and the next. */
  readonly gaps: number[];
}

const place = fc.constantFrom<Place>('/', '/', '/room-1', '/room-2');

/** Chosen as often as it says. */
function often<Value>(...choices: [weight: number, value: Value][]): fc.Arbitrary<Value> {
  return fc.oneof(
    ...choices.map(([weight, value]) => ({weight, arbitrary: fc.constant(value)})),
  );
}

function outcome(fine: number, hangs: number): fc.Arbitrary<Outcome> {
  return fc.record({
    end: often<Outcome['end']>([fine, 'ok'], [1, 'falsy'], [1, 'throw'], [1, 'outage']),
    when: often<Outcome['when']>([6, 'later'], [4, 'now'], [hangs, 'never']),
  });
}

const credentials: fc.Arbitrary<Credentials> = fc
  .tuple(
    outcome(12, 1),
    outcome(12, 0),
    often([9, 1], [1, 2]),
    often<number | undefined>([5, undefined], [1, 300], [1, 2000]),
  )
  .map(([auth, connected, user, lasts]) => {
    return {...auth, connected, user, ...(lasts !== undefined && {lasts})};
  });

const call: fc.Arbitrary<ClientStep> = fc.record(
  {
    do: fc.constant('call' as const),
    nsp: place,
    name: fc.constantFrom('work', 'work', 'heard', 'missing', 'callback'),
    with: outcome(4, 1),
    guard: outcome(8, 0),
    ack: often([3, true], [1, false]),
    limit: fc.constantFrom(500, 5000),
  },
  {requiredKeys: ['do', 'nsp', 'name', 'with', 'guard', 'ack']},
);

const clientStep: fc.Arbitrary<ClientStep> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record(
      {do: fc.constant('join' as const), nsp: place, auth: credentials},
      {requiredKeys: ['do', 'nsp']},
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('authenticate' as const),
      nsp: place,
      with: credentials,
      ack: fc.boolean(),
    }),
  },
  {weight: 12, arbitrary: call},
  {weight: 1, arbitrary: fc.record({do: fc.constant('leave' as const), nsp: place})},
  {weight: 1, arbitrary: fc.record({do: fc.constant('cut' as const)})},
);

const serverStep: fc.Arbitrary<ServerStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('enter' as const, 'exit' as const, 'gather' as const),
      nsp: place,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('direct' as const),
      nsp: place,
      ack: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('disconnect' as const),
      nsp: place,
      transport: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record(
      {do: fc.constant('broadcast' as const), room: fc.constant('room')},
      {requiredKeys: ['do']},
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: often([4, 100], [2, 1000], [1, 3000]),
    }),
  },
  {
    weight: 1,
    arbitrary: often<ServerStep>(
      [3, {do: 'revoke', user: 1}],
      [1, {do: 'revoke', user: 2}],
    ),
  },
  {
    weight: 1,
    arbitrary: often<ServerStep>(
      [1, {do: 'disconnect all', nsp: '/'}],
      [1, {do: 'stop one'}],
      [1, {do: 'stop'}],
    ),
  },
);

/** A client that mostly begins as clients do. */
const bursts: fc.Arbitrary<ClientStep[][]> = fc
  .tuple(
    fc.option(place, {freq: 9}),
    credentials,
    fc.boolean(),
    fc.array(fc.array(clientStep, {minLength: 1, maxLength: 3}), {maxLength: 6}),
  )
  .map(([nsp, given, inHandshake, rest]) => {
    if (!nsp) return rest;
    const opening: ClientStep[][] = inHandshake
      ? [[{do: 'join', nsp, auth: given}]]
      : [[{do: 'join', nsp}], [{do: 'authenticate', nsp, with: given, ack: true}]];
    // The rest is about that namespace, but for other joins.
    const near = (step: ClientStep): ClientStep =>
      'nsp' in step && step.do !== 'join' ? {...step, nsp} : step;
    return [...opening, ...rest.map(burst => burst.map(near))];
  });

const order: fc.Arbitrary<Order> = fc.record({
  credentials: often<Order['credentials']>([4, 'both'], [2, 'event'], [1, 'handshake']),
  callTimeout: fc.constantFrom<number | false>(false, 1000),
  concurrent: fc.constantFrom<number | false>(false, 1, 2),
  guards: fc.boolean(),
  away: often([8, 0], [1, 1], [1, 2]),
  clients: fc.array(fc.record({slow: often([3, false], [1, true]), bursts}), {
    minLength: 1,
    maxLength: 3,
  }),
  server: fc.array(serverStep, {maxLength: 10}),
  gaps: fc.array(fc.integer({min: 0, max: 2}), {minLength: 1, maxLength: 12}),
});

/** The errors that the application's functions throw. Only these may be logged. */
class Planned extends Error {}

/** The facts about one socket that can be seen from outside. */
interface Life {
  readonly socket: Socket;
  readonly nsp: string;
  /** True when its authentication handler has returned a user. */
  authorized: boolean;
  /** The user that it answered with first. */
  user?: number;
  /** When the last authentication ends. */
  ends?: number | undefined;
  /** True while the adapter lists it. */
  admitted: boolean;
  authenticated: number;
  unauthorized: number;
  /** Runs of each connected handler. */
  connected: number[];
  connecting: number;
  disconnected: number;
  /** True when an authentication hangs, and with it those that share its outcome. */
  hangs: boolean;
}

/** An ack that a client asked for. */
interface Asked {
  readonly life: Life | undefined;
  readonly of: string;
  readonly never: boolean;
  /** True when it came before `authenticated` was sent. */
  early?: boolean;
  answers: number;
}

/** Counts the events that the rules are about. */
export interface Counts {
  orders: number;
  sockets: number;
  authentications: number;
  admitted: number;
  refused: number;
  calls: number;
  answers: number;
  broadcasts: number;
  disconnected: number;
  stops: number;
  expired: number;
  revoked: number;
}

/** The number of steps of that many ms before an order ends; together shorter than the ping interval. */
const LIMITS = 20;
const TICK = 1100;
const CONNECTED_HANDLERS = 2;
const DISCONNECTED_HANDLERS = 2;

/** One order, run against a whole application. */
class World {
  readonly wrong: string[] = [];
  private readonly lives = new Map<string, Life>();
  private readonly asked: Asked[] = [];
  private readonly connections: MemoryConnection[] = [];
  private readonly app = new Application();
  private readonly servers: SocketServer[];
  private io!: Server;
  private gap = 0;
  private joined = 0;
  private hanging = false;
  private stopping?: Promise<void>;
  private readonly stops: Promise<void>[] = [];

  constructor(
    private readonly order: Order,
    private readonly scheduler: Scheduler,
    private readonly counts: Counts,
  ) {
    this.app.component(SocketComponent);
    const authentications = {concurrent: order.concurrent};
    this.app
      .configure(SocketBindings.COMPONENT)
      .to({http: createServer(), authentications});
    this.app.bind(SocketBindings.LOG_ERROR).to((error, status, source) => {
      // Only an authentication that is too slow is logged with this status.
      const planned = error instanceof Planned || status === 408;
      if (!planned) this.fail(`${source.handler}: ${String(error)}`);
    });
    const options: SocketServerOptions = {
      credentials: order.credentials,
      callTimeout: order.callTimeout,
      userId: user => String(user.id),
      expiryNotice: 200,
    };
    this.servers = [
      SocketServer.get(this.app, undefined, options),
      SocketServer.get(this.app, 'rooms', {...options, namespace: /^\/room-\d$/}),
    ];
    for (const server of this.servers) this.define(server);
  }

  async run(): Promise<void> {
    await this.app.start();
    this.io = await this.app.get(SocketBindings.IO);
    for (const server of this.servers) this.observe(server.io);
    this.order.clients.forEach((client, at) => this.script(client, at));
    this.scheduler.scheduleSequence(
      this.order.server.map(step => ({
        label: `server: ${JSON.stringify(step)}`,
        builder: () => this.serve(step),
      })),
    );
    await this.finish();
    this.checkAcks();
    for (const connection of this.connections) connection.cut();
    await this.finish();
    this.stopping ??= this.app.stop();
    await this.finish();
    await this.until(this.stopping);
    for (const one of this.stops) await this.until(one);
    this.checkEnd();
  }

  private fail(rule: string): void {
    this.wrong.push(rule);
  }

  private define(server: SocketServer): void {
    server.auth((socket: Socket, given?: Credentials) => {
      const life = this.lifeOf(socket);
      this.counts.authentications++;
      if (!given || typeof given.end !== 'string') return undefined;
      if (given.when === 'never') life.hangs = true;
      return this.perform('auth', given, () => {
        life.authorized = true;
        life.user ??= given.user;
        const {lasts} = given;
        life.ends = lasts === undefined ? undefined : Date.now() + lasts;
        return {id: given.user, ...(lasts !== undefined && {expiresAt: life.ends})};
      });
    });
    for (let at = 0; at < CONNECTED_HANDLERS; at++) {
      server.onConnected((socket: Socket, given: Credentials) => {
        const life = this.lifeOf(socket);
        if (!life.authorized) this.fail('a connected handler ran unauthenticated');
        if (!socket.connected) this.fail('a connected handler ran after the end');
        life.connected[at]++;
        life.connecting++;
        const settle = () => life.connecting--;
        try {
          const done = this.perform('connected', given.connected, () => true);
          if (!(done instanceof Promise)) settle();
          else return done.finally(settle);
        } catch (error) {
          settle();
          throw error;
        }
        return undefined;
      });
    }
    for (let at = 0; at < DISCONNECTED_HANDLERS; at++) {
      server.onDisconnected((socket: Socket) => {
        const life = this.lifeOf(socket);
        this.counts.disconnected++;
        if (!life.admitted)
          this.fail('a disconnected handler ran for a socket not admitted');
        if (life.connecting > 0) this.fail('a disconnected handler did not wait');
        if (life.disconnected !== at) this.fail('disconnected handlers ran out of order');
        life.disconnected++;
        return this.perform('disconnected', {end: 'ok', when: 'later'}, () => true);
      });
    }
    server.defineMethod('work', (socket, given: Credentials, args: Outcome) => {
      this.enter('a method', socket);
      if (given.user !== this.lifeOf(socket).user) this.fail('another user called');
      return this.perform('work', args, () => 'done');
    });
    server.defineMethod('callback', (socket, _credentials, args: Outcome, callback) => {
      this.enter('a method', socket);
      const done = this.perform('callback', args, () => 'done');
      if (done instanceof Promise) done.then(value => callback(null, value), callback);
      else callback(null, done);
    });
  }

  private enter(what: string, socket: Socket): void {
    const life = this.lifeOf(socket);
    this.counts.calls++;
    if (life.authenticated !== 1) this.fail(`${what} ran unauthenticated`);
    if (life.unauthorized > 0) this.fail(`${what} ran after unauthorized`);
  }

  private perform(label: string, {end, when}: Outcome, succeed: () => unknown): unknown {
    const settle = () => {
      if (end === 'throw') throw new Planned(label);
      if (end === 'outage') throw Object.assign(new Planned(label), {statusCode: 503});
      return end === 'falsy' ? undefined : succeed();
    };
    if (when === 'never') {
      this.hanging = true;
      return new Promise(() => undefined);
    }
    if (when === 'now') return settle();
    return this.scheduler.schedule(Promise.resolve(), label).then(settle);
  }

  /** Sees each socket first, and puts on it what an application would. */
  private observe(namespace: Namespace): void {
    const watch = (one: Namespace) => {
      one.adapter.on('join-room', (room: string, id: string) => {
        const life = this.lives.get(id);
        if (!life) {
          this.fail('a socket was in a room before it was connected');
        } else if (!life.authorized) {
          this.fail(`a socket was in room ${room} unauthenticated`);
        } else if (room === id) {
          life.admitted = true;
          this.counts.admitted++;
        }
      });
    };
    if (childrenOf(namespace)) {
      this.io.on('new_namespace', child => {
        if (childrenOf(namespace)?.has(child)) watch(child);
      });
    } else {
      watch(namespace);
    }
    namespace.use((socket, next) => {
      this.lives.set(socket.id, {
        socket,
        nsp: socket.nsp.name,
        authorized: false,
        admitted: false,
        authenticated: 0,
        unauthorized: 0,
        connected: new Array<number>(CONNECTED_HANDLERS).fill(0),
        connecting: 0,
        disconnected: 0,
        hangs: false,
      });
      next();
    });
    namespace.on('connect', socket => {
      this.counts.sockets++;
      if (++this.joined === this.order.away) socket.disconnect();
    });
    namespace.on('connection', socket => {
      if (this.order.guards) {
        socket.use(([, args], next) => {
          this.enter('a guard', socket);
          const {guard} = args as {guard: Outcome};
          const done = this.perform('guard', guard, () => next());
          // One that answers nothing would never let go.
          if (guard.end === 'falsy') {
            if (done instanceof Promise) void done.then(() => next(new Planned('guard')));
            else next(new Planned('guard'));
          }
          return done;
        });
      }
      // Sees each packet when it has arrived.
      socket.onAny((_name: string, args?: {id?: number}) => {
        const asked = args?.id === undefined ? undefined : this.asked[args.id];
        if (asked) asked.early = this.lifeOf(socket).authenticated === 0;
      });
      socket.on('heard', (args: Outcome, ...rest: unknown[]) => {
        this.enter('a listener', socket);
        const last = rest.at(-1);
        const ack = typeof last === 'function' ? (last as (reply: object) => void) : noop;
        // Once more than it should.
        const twice = (result: string) => {
          ack({result});
          ack({result});
        };
        const done = this.perform('heard', args, () => twice('heard'));
        if (args.end !== 'falsy') return done;
        if (done instanceof Promise) return done.then(() => twice('falsy'));
        return twice('falsy');
      });
    });
  }

  private lifeOf(socket: Socket): Life {
    return this.lives.get(socket.id) as Life;
  }

  private script({slow, bursts: steps}: Order['clients'][number], at: number): void {
    const connection = new MemoryConnection(this.io, frame => this.read(at, frame), slow);
    this.connections.push(connection);
    this.scheduler.scheduleSequence(
      steps.map(burst => ({
        label: `client ${at}: ${JSON.stringify(burst)}`,
        builder: () => {
          for (const step of burst) this.send(connection, step);
          return Promise.resolve();
        },
      })),
    );
    if (slow) {
      this.scheduler.scheduleSequence(
        steps.map(() => ({
          label: `client ${at} reads`,
          builder: () => Promise.resolve(connection.drain()),
        })),
      );
    }
  }

  private send(connection: MemoryConnection, step: ClientStep): void {
    if (step.do === 'cut') {
      connection.cut();
      return;
    }
    const {nsp} = step;
    const prefix = nsp === '/' ? '' : `${nsp},`;
    if (step.do === 'join') {
      connection.send(`0${prefix}${step.auth ? JSON.stringify(step.auth) : ''}`);
    } else if (step.do === 'leave') {
      connection.send(`1${prefix}`);
    } else if (step.do === 'authenticate') {
      const id = step.ack
        ? this.ask(connection, nsp, 'authentication', false)
        : undefined;
      const packet = ['authentication', {...step.with, id}];
      connection.send(`2${prefix}${id ?? ''}${JSON.stringify(packet)}`);
    } else {
      const {name, guard, limit} = step;
      const limited = limit !== undefined || this.order.callTimeout !== false;
      const hangs = step.with.when === 'never' && (!limited || name === 'heard');
      const id = step.ack ? this.ask(connection, nsp, name, hangs) : undefined;
      const options = limit === undefined ? [] : [{$call: {timeout: limit}}];
      const packet = [name, {...step.with, guard, id}, ...options];
      connection.send(`2${prefix}${id ?? ''}${JSON.stringify(packet)}`);
    }
  }

  /** Notes that an ack is asked for; gives its id. */
  private ask(
    {engine}: MemoryConnection,
    nsp: string,
    of: string,
    never: boolean,
  ): number {
    const sockets = [...this.lives.values()].filter(({socket}) => socket.connected);
    const life = sockets.find(
      one => one.nsp === nsp && (one.socket.conn as unknown) === engine,
    );
    return this.asked.push({life, of, never, answers: 0}) - 1;
  }

  /** Reads what the server writes, at the moment that it does. */
  private read(at: number, frame: string): void {
    const [, type, nsp = '/', id, json] =
      /^(\d)(?:(\/[^,]*),)?(\d*)(.*)$/s.exec(frame) ?? [];
    const data = json === '' ? undefined : JSON.parse(json);
    const connection = this.connections.at(at)?.engine;
    const life = [...this.lives.values()]
      .filter(one => one.nsp === nsp && (one.socket.conn as unknown) === connection)
      .at(-1);
    if (type === '3') {
      const asked = this.asked[Number(id)];
      this.counts.answers++;
      asked.answers++;
      if (asked.answers > 1) this.fail(`an ack of ${asked.of} was answered twice`);
    }
    if (type === '0' || type === '4') return;
    if (!life) {
      this.fail(`a frame to nobody: ${frame}`);
      return;
    }
    if (life.unauthorized > 0 && type !== '1') this.fail(`${frame} after unauthorized`);
    if (type !== '2') return;
    const [event, body] = data as [string, unknown];
    if (event === 'authenticated') {
      life.authenticated++;
      if (life.authenticated > 1) this.fail('authenticated was sent twice');
      if (!life.authorized) this.fail('authenticated was sent without success');
      if (life.connecting > 0 || life.connected.some(runs => runs !== 1))
        this.fail('authenticated was sent before the connected handlers had run');
    } else if (event === 'unauthorized') {
      life.unauthorized++;
      const {code} = body as {code?: string};
      if (code === 'AUTHENTICATION_TIMEOUT' && life.authenticated > 0)
        this.fail('an authenticated socket ran out of time');
      if (code === 'AUTHENTICATION_REVOKED') {
        this.counts.revoked++;
        if (!life.admitted) this.fail('a socket was revoked that was not admitted');
      }
      if (code === 'AUTHENTICATION_EXPIRED') this.counts.expired++;
      this.counts.refused++;
      // A server that stops ignores authentications.
      const stopping = this.stopping !== undefined || this.stops.length > 0;
      for (const {life: of, early, answers, of: name} of stopping ? [] : this.asked) {
        const waited = early && life.authenticated === 0;
        const shared = early !== undefined && name === 'authentication';
        const due = of === life && (waited || shared);
        if (due && answers === 0) this.fail(`an ack of ${name} was left to unauthorized`);
      }
    } else if (event === 'broadcast') {
      this.counts.broadcasts++;
      if (!life.admitted) this.fail('a broadcast reached a socket that was not admitted');
    }
  }

  private async serve(step: ServerStep): Promise<void> {
    if (step.do === 'wait') {
      mock.timers.tick(step.ms);
    } else if (step.do === 'revoke') {
      for (const server of this.servers) server.disconnectUser(String(step.user));
      for (const {socket, user, admitted} of this.lives.values()) {
        if (admitted && user === step.user && socket.connected)
          this.fail('a socket outlived the revocation of its user');
      }
    } else if (step.do === 'stop') {
      this.counts.stops++;
      this.stopping ??= this.app.stop();
    } else if (step.do === 'stop one') {
      if (!this.stopping) this.stops.push(this.servers[1].stop());
    } else if (step.do === 'broadcast') {
      for (const namespace of this.io._nsps.values()) {
        (step.room ? namespace.to(step.room) : namespace).emit('broadcast', 1);
      }
    } else if (step.do === 'gather') {
      this.io._nsps.get(step.nsp)?.socketsJoin('room');
    } else if (step.do === 'disconnect all') {
      this.io._nsps.get(step.nsp)?.disconnectSockets();
    } else {
      for (const socket of this.io._nsps.get(step.nsp)?.sockets.values() ?? []) {
        if (step.do === 'enter') void socket.join('room');
        else if (step.do === 'exit') void socket.leave('room');
        else if (step.do === 'disconnect') socket.disconnect(step.transport);
        else if (step.ack) socket.timeout(2000).emit('direct', () => undefined);
        else socket.emit('direct');
      }
    }
  }

  /** Runs what is scheduled until nothing is left, then lets all time limits pass. */
  private async finish(): Promise<void> {
    // One by one, handlers that hang hold up the authentications that wait for their turn.
    for (let limits = 0; limits < LIMITS; limits++) {
      await settle();
      while (this.scheduler.count() > 0) {
        await this.scheduler.waitNext(1);
        await this.pause();
        if (this.scheduler.count() === 0) await settle();
      }
      for (const connection of this.connections) connection.drain();
      await settle();
      mock.timers.tick(TICK);
    }
    await settle();
  }

  private async pause(): Promise<void> {
    const {gaps} = this.order;
    const gap = gaps[this.gap++ % gaps.length];
    if (gap === 1) await new Promise<void>(resolve => process.nextTick(resolve));
    else if (gap === 2) await settle();
  }

  private async until(promise: Promise<void>): Promise<void> {
    const state = {settled: false};
    const note = () => (state.settled = true);
    promise.then(note, note);
    for (let tries = 0; tries < 20 && !state.settled; tries++) await this.finish();
    if (state.settled) await promise;
    else this.fail('stop() does not come back');
  }

  private checkAcks(): void {
    for (const {socket, ends = Infinity} of this.lives.values()) {
      if (socket.connected && ends < Date.now())
        this.fail('a socket outlived its authentication');
    }
    for (const {life, of, never, answers} of this.asked) {
      if (answers > 0 || never || !life?.socket.connected) continue;
      // Renewals have no limit.
      if (of === 'authentication' && life.hangs) continue;
      this.fail(`an ack of ${of} was never answered`);
    }
  }

  private checkEnd(): void {
    for (const life of this.lives.values()) {
      const expected = life.admitted ? DISCONNECTED_HANDLERS : 0;
      if (life.disconnected !== expected) {
        this.fail(`${life.disconnected} disconnected handlers ran of ${expected}`);
      }
      if (life.connected.some(runs => runs > 1)) {
        this.fail('a connected handler ran twice');
      }
    }
    for (const server of this.servers) {
      const {connections, running} = remainsOf(server);
      if (connections > 0) this.fail(`${connections} connections are retained`);
      if (running < 0 || (running > 0 && !this.hanging)) {
        this.fail(`${running} calls are counted as running`);
      }
    }
    for (const [name, namespace] of this.io._nsps) {
      const {held} = Admission.of(namespace) as unknown as {held: Map<string, unknown>};
      const {adapter, sockets} = namespace;
      const connecting = [...connectingSockets(namespace)].length;
      const sizes = {
        held: held.size,
        rooms: adapter.rooms.size,
        sids: adapter.sids.size,
        sockets: sockets.size,
        connecting,
      };
      if (Object.values(sizes).some(size => size > 0)) {
        this.fail(`namespace ${name} retains ${JSON.stringify(sizes)}`);
      }
    }
    if (this.io._nsps.size > 1) this.fail('a child namespace is retained');
    if (this.io.engine.clientsCount > 0) this.fail('Engine.IO retains a client');
  }
}

function noop(): void {
  // Nobody asked.
}

/** Lets everything happen that needs nothing but its turn. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) {
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

/**
 * Runs that many orders.
 *
 * @param path - Of fast-check's report of a failure, to run the one order that it shrank to.
 */
export async function runInterleavings(
  runs: number,
  seed: number,
  path?: string,
): Promise<Counts> {
  const counts: Counts = {
    orders: 0,
    sockets: 0,
    authentications: 0,
    admitted: 0,
    refused: 0,
    calls: 0,
    answers: 0,
    broadcasts: 0,
    disconnected: 0,
    stops: 0,
    expired: 0,
    revoked: 0,
  };
  const rejected: unknown[] = [];
  const note = (error: unknown) => rejected.push(error);
  process.on('unhandledRejection', note);
  mock.timers.enable({apis: ['setTimeout', 'Date'], now: Date.now()});
  const clock = mock.method(performance, 'now', () => Date.now());
  try {
    await fc.assert(
      fc.asyncProperty(order, fc.scheduler(), async (generated, scheduler) => {
        counts.orders++;
        const world = new World(generated, scheduler, counts);
        await world.run();
        const wrong = [...world.wrong, ...rejected.splice(0).map(String)];
        if (wrong.length > 0) throw new Error(wrong.join('\n'));
      }),
      {
        numRuns: runs,
        seed,
        // fast-check's own time limits would be those of the mocked timers.
        interruptAfterTimeLimit: undefined,
        ...(path !== undefined && {path, endOnFailure: true}),
      },
    );
  } finally {
    clock.mock.restore();
    mock.timers.reset();
    process.off('unhandledRejection', note);
  }
  return counts;
}
