import {inspect} from 'node:util';
import {
  Binding,
  BindingScope,
  Context,
  CoreBindings,
  InvocationContext,
} from '@loopback/core';
import {SocketBindings} from 'loopback4-socket';

/** Reads an injected value when it is time to. */
export type Read = (value: unknown, world: World) => unknown;

/** A value that was injected, and how it is read. */
export interface Seen {
  readonly value: unknown;
  readonly read: Read;
}

/** Something that has others injected: a controller, a service, a provider or an interceptor. */
export class Host {
  /** The arguments of its constructor, by point. */
  readonly given: Record<string, Seen> = {};

  /** All that it was given. */
  get seen(): Record<string, Seen> {
    return this.given;
  }
}

/** An instance that a binding makes. */
export class Thing {
  constructor(readonly made: Record<string, unknown>) {}

  hello(name: unknown) {
    return `hello ${String(name)}`;
  }
}

/**
 * One of two equal applications: its contexts, and a trace of all that happens in it. One is called
 * through a plan, the other through a plain LoopBack.
 */
export class World {
  trace: string[] = [];
  /** Of the first thing that is injected. */
  key = 'value0';
  /** The values that a call reads late. */
  readonly hosts: Host[] = [];
  /** The values that an interceptor keeps. */
  kept?: unknown;
  readonly names = new Map<unknown, string>();
  private readonly numbers = new WeakMap<object, number>();
  private readonly reading = new Set<unknown>();
  private readonly queue: (() => void)[] = [];
  private readonly counts = new Map<string, number>();
  /** The number of values that have a number. */
  counted = 0;

  /** @param app - An application's context. @param server - A socket server's. */
  constructor(
    readonly app: Context,
    readonly server: Context,
  ) {
    this.name(app, 'application');
    this.name(server, 'server context');
    this.name(server.getSync(SocketBindings.SERVER), 'server');
  }

  /** One without an application and a server. */
  static bare(): World {
    const app = new Context('application');
    app.scope = BindingScope.APPLICATION;
    app.bind<unknown>(CoreBindings.APPLICATION_INSTANCE).to(app);
    const server = new Context(app, 'server');
    server.scope = BindingScope.SERVER;
    server.bind<unknown>(SocketBindings.SERVER).to({name: 'server'});
    return new World(app, server);
  }

  log(event: string): void {
    this.trace.push(event);
  }

  name(value: object, name: string): void {
    this.names.set(value, name);
  }

  /** The number of earlier questions of that kind. */
  count(what: string): number {
    const before = this.counts.get(what) ?? 0;
    this.counts.set(what, before + 1);
    return before;
  }

  /** Comes in a turn of its own, in the order of asking, so that it is the same with any number of promises between. */
  later<Value>(make: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.queue.push(() => {
        try {
          resolve(make());
        } catch (error) {
          reject(error);
        }
      });
      if (this.queue.length === 1) setImmediate(() => this.take());
    });
  }

  private take(): void {
    this.queue[0]();
    // Its consequences may be queued meanwhile, behind the others.
    setImmediate(() => {
      this.queue.shift();
      if (this.queue.length > 0) this.take();
    });
  }

  /** Until nothing is asked for any more. */
  async quiet(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.queue.length > 0);
  }

  /** Says what a value is, and which one: the same text in both worlds where they do the same. */
  async describe(value: unknown): Promise<string> {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' && typeof value !== 'function') return inspect(value);
    if (value === null) return 'null';
    const name = this.names.get(value);
    if (name) return name;
    const label = `${kindOf(value, this)}#${this.numberOf(value)}`;
    if (this.reading.has(value)) return label;
    this.reading.add(value);
    try {
      return label + (await this.describeParts(value));
    } finally {
      this.reading.delete(value);
    }
  }

  private numberOf(value: object): number {
    const known = this.numbers.get(value);
    if (known !== undefined) return known;
    this.counted++;
    this.numbers.set(value, this.counted);
    return this.counted;
  }

  private async describeParts(value: object): Promise<string> {
    if (value instanceof Host) {
      const parts: string[] = [];
      for (const [point, {value: given, read}] of Object.entries(value.seen)) {
        parts.push(`${point}: ${await this.read(given, read)}`);
      }
      return `{${parts.join(', ')}}`;
    }
    if (Array.isArray(value)) {
      const parts: string[] = [];
      for (const item of value) parts.push(await this.describe(item));
      return `[${parts.join(', ')}]`;
    }
    const plain = value instanceof Thing ? value.made : value;
    if (!(value instanceof Thing) && Object.getPrototypeOf(value) !== Object.prototype)
      return '';
    const parts: string[] = [];
    for (const [part, own] of Object.entries(plain)) {
      parts.push(`${part}: ${await this.describe(own)}`);
    }
    return `{${parts.join(', ')}}`;
  }

  /** Reads an injected value: what fails then is part of what is seen. */
  async read(value: unknown, read: Read): Promise<string> {
    try {
      return await this.describe(await read(value, this));
    } catch (error) {
      return `(${describeError(error)})`;
    }
  }
}

function kindOf(value: object, world: World): string {
  if (typeof value === 'function') return 'function';
  if (value instanceof InvocationContext) return 'invocation context';
  if (value instanceof Context) {
    if (value.parent === world.server) return 'connection context';
    return value.parent?.parent === world.server ? 'call context' : 'context';
  }
  if (value instanceof Binding)
    return `binding ${value.key} ${value.scope} ${value.type ?? ''}`;
  if (value instanceof AbortSignal) return `signal${value.aborted ? ' aborted' : ''}`;
  if (value instanceof Error) return describeError(value);
  return (Object.getPrototypeOf(value) as object | null)?.constructor.name ?? 'object';
}

/**
 * Without what a plan does not promise: by which path LoopBack came to a key, and in which context it
 * looked. Both only help whoever reads a log.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const message = error.message
    .replace(/ \(context: .*\)$/, '')
    .replace(/ in context \S+/, ' in context')
    .replace(/^Resolution context \S+/, 'Resolution context')
    .replace(/^(Circular dependency detected): .* --> (\S+)$/, '$1: $2');
  return `${error.name}: ${message}`;
}
