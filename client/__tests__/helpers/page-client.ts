import {RestApplication} from '@loopback/rest';
import type {Application} from '@loopback/core';
import type {CallOptions, ClientState, SocketClient} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {join} from 'node:path';
import type {Page, Request, WebSocket} from 'playwright-core';
import {awaited} from '../../../__tests__/helpers/awaited';
import {Queue} from '../../../__tests__/helpers/queue';

/** Timers that are pending, and listeners of the window. */
interface Remains {
  timers: number;
  listeners: number;
}

/** Globals of the page. */
interface PageGlobals {
  SocketClient: typeof SocketClient;
  client: SocketClient | undefined;
  reference: WeakRef<SocketClient>;
  /** The states of the client so far, with the errors of those that have one, and `draining`. */
  log: string[];
  /** Called after each entry of `log`. */
  onLog: (() => void) | undefined;
  countRemains(): Remains;
  before: Remains;
}

/** Options that a page can be sent. */
type PageCallOptions = Pick<CallOptions, 'id' | 'timeout'>;

interface PageClientOptions {
  /** A value, or the results of a function one after the other, the last one again and again. */
  credentials: object | object[];
  transports: readonly string[];
  /** In ms; 1 unless given. */
  reconnectionDelay?: number;
}

/** For `setup`: lets an application serve a page with the client's file for browsers. */
export function servePage(app: Application): void {
  assert.ok(app instanceof RestApplication);
  const folder = join(__dirname, '../../../../../client/__tests__/fixtures/page');
  app.static('/', folder);
  app.static(
    '/client.browser.js',
    require.resolve('loopback4-socket-client/client.browser.js'),
  );
}

/** In a page, before its scripts: counts what would keep a client alive. */
export function watchRemains(): void {
  const page = globalThis as any;
  const timers = new Set<unknown>();
  for (const [kind, isOnce] of [
    ['Timeout', true],
    ['Interval', false],
  ] as const) {
    const set = page[`set${kind}`].bind(page);
    const clear = page[`clear${kind}`].bind(page);
    page[`set${kind}`] = (action: (...args: unknown[]) => void, ...rest: unknown[]) => {
      const timer = set(
        (...args: unknown[]) => {
          if (isOnce) timers.delete(timer);
          action(...args);
        },
        ...rest,
      );
      timers.add(timer);
      return timer;
    };
    page[`clear${kind}`] = (timer: unknown) => {
      timers.delete(timer);
      clear(timer);
    };
  }
  const listeners = new Map<string, Set<unknown>>();
  const add = page.addEventListener.bind(page);
  const remove = page.removeEventListener.bind(page);
  page.addEventListener = (type: string, listener: unknown, ...rest: unknown[]) => {
    listeners.set(type, (listeners.get(type) ?? new Set()).add(listener));
    add(type, listener, ...rest);
  };
  page.removeEventListener = (type: string, listener: unknown, ...rest: unknown[]) => {
    listeners.get(type)?.delete(listener);
    remove(type, listener, ...rest);
  };
  page.countRemains = () => ({
    timers: timers.size,
    listeners: [...listeners.values()].reduce((sum, {size}) => sum + size, 0),
  });
}

/** In a page: makes the client. */
function makeClient({
  credentials,
  transports,
  reconnectionDelay = 1,
}: PageClientOptions): void {
  const page = globalThis as unknown as PageGlobals;
  page.before = page.countRemains();
  const client = new page.SocketClient('/', {
    credentials: Array.isArray(credentials)
      ? () => (credentials.length > 1 ? credentials.shift() : credentials[0])
      : credentials,
    io: {
      transports: [...transports],
      reconnectionDelay,
      reconnectionDelayMax: Math.max(reconnectionDelay, 20),
      // Adds a listener to the window, which must not be left.
      closeOnBeforeunload: true,
    },
  });
  page.client = client;
  page.reference = new WeakRef(client);
  page.log = [];
  const log = (entry: string) => {
    page.log.push(entry);
    page.onLog?.();
  };
  client.subscribe(() => {
    const {state, error} = client;
    if (state === 'disconnected' || state === 'unauthorized')
      log(`${state} ${error?.statusCode} ${error?.code}`);
    else log(state);
  });
  client.on('draining', () => log('draining'));
}

/** A client in a page, and the connections of the page. */
export class PageClient {
  private readonly webSockets: WebSocket[] = [];
  private readonly requests = new Set<Request>();
  private readonly ended = new Queue<unknown>();

  private constructor(private readonly page: Page) {
    page.on('websocket', webSocket => this.webSockets.push(webSocket));
    page.on('request', request => this.requests.add(request));
    for (const end of ['requestfinished', 'requestfailed'] as const) {
      page.on(end as 'requestfinished', request => {
        this.requests.delete(request);
        this.ended.push(request);
      });
    }
  }

  /** @param page - Opened with `watchRemains`. */
  static async in(page: Page, options: PageClientOptions): Promise<PageClient> {
    const one = new PageClient(page);
    await page.evaluate(makeClient, options);
    return one;
  }

  /** Calls a method. Resolves to its result, or to what does not differ from run to run of its error. */
  call(name: string, args?: unknown, options?: PageCallOptions): Promise<unknown> {
    const outcome = this.page.evaluate(
      ([name, args, options]) => {
        const {client} = globalThis as unknown as PageGlobals;
        return client?.request(name, args, options).catch((error: unknown) => {
          const {statusCode, code, sent} = error as Record<string, unknown>;
          return {statusCode, code, sent};
        });
      },
      [name, args, options] as const,
    );
    return awaited(outcome, `a call of "${name}" in a page`);
  }

  connect(): Promise<void> {
    return this.page.evaluate(() =>
      (globalThis as unknown as PageGlobals).client?.connect(),
    );
  }

  authenticate(credentials: object): Promise<void> {
    return this.page.evaluate(
      credentials =>
        (globalThis as unknown as PageGlobals).client?.authenticate(credentials),
      credentials,
    );
  }

  /** Begins to connect, and closes the client at once. */
  connectAndClose(): Promise<void> {
    return this.page.evaluate(() => {
      const {client} = globalThis as unknown as PageGlobals;
      void client?.connect();
      return client?.close();
    });
  }

  /** Lets a listener close the client once it has that state. */
  closeAt(state: ClientState): Promise<void> {
    return this.page.evaluate(state => {
      const {client} = globalThis as unknown as PageGlobals;
      client?.subscribe(() => {
        if (client.state === state) void client.close();
      });
    }, state);
  }

  /** Waits for an entry of the log that has come or comes. */
  until(start: string): Promise<void> {
    const came = this.page.evaluate(start => {
      const page = globalThis as unknown as PageGlobals;
      return new Promise<void>(resolve => {
        page.onLog = () => {
          if (page.log.some(entry => entry.startsWith(start))) resolve();
        };
        page.onLog();
      });
    }, start);
    return awaited(came, `a page's client to be "${start}"`);
  }

  /** The log so far; an attempt that repeats is in it once. */
  async log(): Promise<string> {
    const log = await this.page.evaluate(
      () => (globalThis as unknown as PageGlobals).log,
    );
    return log
      .join(' → ')
      .replaceAll(/(disconnected [^→]+→ connecting (?:→ authenticating )?→ )\1+/g, '$1');
  }

  /** The error that keeps the client from being authenticated. */
  error(): Promise<string | undefined> {
    return this.page.evaluate(
      () => (globalThis as unknown as PageGlobals).client?.error?.code,
    );
  }

  /** The objects that exist because of the client. */
  async remains() {
    const {timers, listeners} = await this.page.evaluate(() => {
      const page = globalThis as unknown as PageGlobals;
      const now = page.countRemains();
      return {
        timers: now.timers - page.before.timers,
        listeners: now.listeners - page.before.listeners,
      };
    });
    const webSockets = this.webSockets.filter(one => !one.isClosed()).length;
    return {timers, listeners, webSockets};
  }

  /** Closes the client. Nothing of it may be left. */
  async close(): Promise<void> {
    await this.page.evaluate(() =>
      (globalThis as unknown as PageGlobals).client?.close(),
    );
    await this.leavesNothing();
  }

  /** Fails when a closed client has left something. */
  async leavesNothing(): Promise<void> {
    const {timers, listeners} = await this.remains();
    assert.deepEqual({timers, listeners}, {timers: 0, listeners: 0});
    const open = this.webSockets.filter(webSocket => !webSocket.isClosed());
    await Promise.all(
      open.map(one => awaited(one.waitForEvent('close'), 'a WebSocket to close')),
    );
    while (this.requests.size > 0) await this.ended.next();
    const log = (await this.log()).split(' → ');
    assert.equal(log.at(-1), 'closed');
  }

  /** Lets go of the closed client. Says if the page has collected it then. */
  async isCollected(): Promise<boolean> {
    await this.page.evaluate(() => {
      (globalThis as unknown as PageGlobals).client = undefined;
    });
    await this.page.requestGC();
    return this.page.evaluate(
      () => !(globalThis as unknown as PageGlobals).reference.deref(),
    );
  }
}
