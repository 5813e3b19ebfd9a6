/**
 * Signals for Angular. ES modules only, as Angular itself. Tested with Angular 20. Angular 21 and later ask for a newer Node
 * than 20 to build and to render on a server.
 */
import {
  DestroyRef,
  Injector,
  NgZone,
  PLATFORM_ID,
  computed,
  inject,
  signal,
} from '@angular/core';
import type {Signal} from '@angular/core';
import type {ClientState, EventNames, SocketClient} from 'loopback4-socket-client';

/** Options of the functions of this entry. */
export interface BindingOptions {
  /**
   * The injector whose end is the end of the subscription.
   *
   * @default the one of the injection context
   */
  injector?: Injector;
}

/**
 * Makes a client connect outside of Angular's zone, and returns the client. Otherwise the timers of its connection keep
 * the application from becoming stable. A call still counts as pending until it is answered.
 *
 * @example
 * ```ts
 * export const CHAT = new InjectionToken('chat', {
 *   providedIn: 'root',
 *   factory: () => outsideZone(new SocketClient<Api, Events>(url, {credentials})),
 * });
 * ```
 */
export function outsideZone<
  Client extends Pick<SocketClient, 'connect' | 'authenticate' | 'retain'>,
>(client: Client, {injector = inject(Injector)}: BindingOptions = {}): Client {
  const zone = injector.get(NgZone);
  const connect = client.connect.bind(client);
  const authenticate = client.authenticate.bind(client);
  const retain = client.retain.bind(client);
  // The client itself connects by these too.
  return Object.assign(client, {
    connect: () => zone.runOutsideAngular(connect),
    authenticate: (...credentials: Parameters<typeof authenticate>) =>
      zone.runOutsideAngular(() => authenticate(...credentials)),
    retain: () => zone.runOutsideAngular(retain),
  });
}

/**
 * Keeps a client connected until the component or service is destroyed, and returns its state. On a server it connects
 * nothing. Components share the connection, which ends with the last of them, unless `client.connect` was called.
 *
 * @example
 * ```ts
 * @Component({template: `<p>{{ state() }}</p>`})
 * export class Page {
 *   readonly state = socketConnection(inject(CHAT));
 * }
 * ```
 */
export function socketConnection(
  client: Pick<SocketClient, 'state' | 'subscribe' | 'retain' | 'release'>,
  {injector = inject(Injector)}: BindingOptions = {},
): Signal<ClientState> {
  const state = socketState(client, {injector});
  if ((injector.get(PLATFORM_ID) as unknown) !== 'server') {
    injector.get(NgZone).runOutsideAngular(() => client.retain());
    injector.get(DestroyRef).onDestroy(() => client.release());
  }
  return state;
}

/** The state of a client as a signal, until the component or service is destroyed. */
export function socketState(
  client: Pick<SocketClient, 'state' | 'subscribe'>,
  {injector = inject(Injector)}: BindingOptions = {},
): Signal<ClientState> {
  const state = signal(client.state);
  const zone = injector.get(NgZone);
  const stop = client.subscribe(() => zone.run(() => state.set(client.state)));
  injector.get(DestroyRef).onDestroy(stop);
  return state.asReadonly();
}

/**
 * Listens to an event, in Angular's zone, until the component or service is destroyed. This does not connect: use
 * `socketConnection` for that.
 */
export function onEvent<Api, Events extends object, Name extends EventNames<Events>>(
  client: SocketClient<Api, Events>,
  name: Name,
  listener: Events[Name],
  {injector = inject(Injector)}: BindingOptions = {},
): void {
  const zone = injector.get(NgZone);
  const receive = (...args: never[]) => zone.run(() => (listener as Listener)(...args));
  injector.get(DestroyRef).onDestroy(client.on(name, receive as Events[Name]));
}

/**
 * The last payload of an event as a signal; `initialValue`, or else `undefined`, until the first one comes.
 *
 * @example
 * ```ts
 * readonly said = fromEvent(this.client, 'said', {initialValue: ''});
 * ```
 */
export function fromEvent<Api, Events extends object, Name extends EventNames<Events>>(
  client: SocketClient<Api, Events>,
  name: Name,
  options: InitialOptions<Payload<Events[Name]>>,
): Signal<Payload<Events[Name]>>;
export function fromEvent<Api, Events extends object, Name extends EventNames<Events>>(
  client: SocketClient<Api, Events>,
  name: Name,
  options?: BindingOptions,
): Signal<Payload<Events[Name]> | undefined>;
export function fromEvent<Api, Events extends object, Name extends EventNames<Events>>(
  client: SocketClient<Api, Events>,
  name: Name,
  options: Partial<InitialOptions<Payload<Events[Name]>>> = {},
): Signal<Payload<Events[Name]> | undefined> {
  const last = signal(options.initialValue);
  const receive = (payload: Payload<Events[Name]>) => last.set(payload);
  onEvent(client, name, receive as Events[Name], options);
  return last.asReadonly();
}

/**
 * The last item of a stream as a signal; `initialValue`, or else `undefined`, until the first one comes. The stream ends
 * with the component or service. Its error is thrown where the signal is read, as `toSignal` of Angular does.
 *
 * @param open - Calls the method that streams.
 *
 * @example
 * ```ts
 * readonly price = fromStream(() => this.client.call.ticks({symbol: 'A'}, {id: true}));
 * ```
 */
export function fromStream<Item>(
  open: () => AsyncIterable<Item>,
  options: InitialOptions<Item>,
): Signal<Item>;
export function fromStream<Item>(
  open: () => AsyncIterable<Item>,
  options?: BindingOptions,
): Signal<Item | undefined>;
export function fromStream<Item>(
  open: () => AsyncIterable<Item>,
  {injector = inject(Injector), initialValue}: Partial<InitialOptions<Item>> = {},
): Signal<Item | undefined> {
  const zone = injector.get(NgZone);
  const last = signal<{value?: Item; failure?: {error: unknown}}>({value: initialValue});
  if ((injector.get(PLATFORM_ID) as unknown) !== 'server') {
    const {unsubscribe} = observableOf(open).subscribe({
      next: value => zone.run(() => last.set({value})),
      error: error => zone.run(() => last.set({failure: {error}})),
    });
    injector.get(DestroyRef).onDestroy(unsubscribe);
  }
  return computed(() => {
    const {value, failure} = last();
    if (failure) throw failure.error;
    return value;
  });
}

/** Receives the items of a stream. */
export interface StreamObserver<Item> {
  next?: (item: Item) => void;
  error?: (error: unknown) => void;
  complete?: () => void;
}

/** An observable that `toSignal` and the `async` pipe of Angular accept. */
export interface StreamObservable<Item> {
  subscribe(observer: StreamObserver<Item>): {unsubscribe: () => void};
}

/**
 * A stream as an observable: each subscription calls the method, and its end ends the stream at the server. `from` of
 * RxJS would end it only with the next item.
 *
 * @example
 * ```ts
 * const ticks = observableOf(() => client.call.ticks({symbol: 'A'}));
 * const ticks$ = new Observable<number>(subscriber => ticks.subscribe(subscriber));
 * ```
 */
export function observableOf<Item>(
  open: () => AsyncIterable<Item>,
): StreamObservable<Item> {
  return {
    subscribe(observer) {
      const items = open()[Symbol.asyncIterator]();
      let isOver = false;
      const read = async () => {
        for (;;) {
          const result = await items.next();
          if (isOver) return;
          if (result.done) break;
          observer.next?.(result.value);
        }
        observer.complete?.();
      };
      read().catch((error: unknown) => {
        // The observer may have thrown.
        void items.return?.();
        if (!isOver) observer.error?.(error);
      });
      return {
        unsubscribe: () => {
          isOver = true;
          void items.return?.();
        },
      };
    },
  };
}

interface InitialOptions<Value> extends BindingOptions {
  initialValue: Value;
}

type Listener = (...args: never[]) => unknown;

/** The first argument of an event's listener. */
type Payload<Method> = Method extends (...args: infer List) => unknown ? List[0] : never;
