import type {DeclaredEvent} from './declared-event';
import type {Handler, HandlerDefinition} from './handler';

/** The handlers that decorated controllers give one server. */
export interface DecoratedHandlers {
  readonly auth?: Handler;
  readonly connected: readonly Handler[];
  readonly disconnected: readonly Handler[];
  readonly methods: ReadonlyMap<string, Handler>;
  /** The declared events, by name. */
  readonly events: ReadonlyMap<string, DeclaredEvent>;
}

const NONE: DecoratedHandlers = {
  connected: [],
  disconnected: [],
  methods: new Map(),
  events: new Map(),
};

type Listed = 'connected' | 'disconnected';

/**
 * The handlers of one server, shared by all its sockets. Handlers that the application sets on the server take
 * precedence over those of decorated controllers, which are replaced together when a controller changes.
 */
export class HandlerTable {
  auth?: Handler;
  connected: readonly Handler[] = [];
  disconnected: readonly Handler[] = [];
  methods: ReadonlyMap<string, Handler> = new Map();
  events: ReadonlyMap<string, DeclaredEvent> = new Map();

  private decorated = NONE;
  private ownAuth?: Handler;
  private readonly own = {
    connected: [] as Handler[],
    disconnected: [] as Handler[],
    methods: new Map<string, Handler>(),
  };
  /** Decorated handlers that the application has removed. They stay removed while their class is bound. */
  private readonly removed = new WeakSet<Handler>();

  /** True when there is no handler of any kind. */
  get empty(): boolean {
    return (
      !this.auth &&
      this.connected.length === 0 &&
      this.disconnected.length === 0 &&
      this.methods.size === 0
    );
  }

  replaceDecorated(decorated: DecoratedHandlers = NONE): void {
    this.decorated = decorated;
    this.merge();
  }

  setAuth(handler: Handler): void {
    this.ownAuth = handler;
    this.merge();
  }

  defineMethod(name: string, handler: Handler): void {
    this.own.methods.set(name, handler);
    this.merge();
  }

  removeMethod(name: string): void {
    this.own.methods.delete(name);
    const decorated = this.decorated.methods.get(name);
    if (decorated) this.removed.add(decorated);
    this.merge();
  }

  add(list: Listed, handler: Handler): void {
    this.own[list].push(handler);
    this.merge();
  }

  /** Removes the first handler that was made from `definition`, if there is one. */
  remove(list: Listed, definition: HandlerDefinition): void {
    const at = this.own[list].findIndex(handler => handler.isFrom(definition));
    if (at >= 0) {
      this.own[list].splice(at, 1);
    } else {
      const decorated = this[list].find(handler => handler.isFrom(definition));
      if (decorated) this.removed.add(decorated);
    }
    this.merge();
  }

  private merge(): void {
    const {decorated, own} = this;
    const kept = (handler: Handler) => !this.removed.has(handler);
    this.auth = this.ownAuth ?? decorated.auth;
    this.events = decorated.events;
    this.connected = [...decorated.connected.filter(kept), ...own.connected];
    this.disconnected = [...decorated.disconnected.filter(kept), ...own.disconnected];
    this.methods = new Map([
      ...[...decorated.methods].filter(([, handler]) => kept(handler)),
      ...own.methods,
    ]);
  }
}
