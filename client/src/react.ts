'use client';
import {useCallback, useEffect, useRef, useSyncExternalStore} from 'react';
import type {ClientState, EventNames, SocketClient} from 'loopback4-socket-client';

/**
 * The state of a client. The component is rendered again after each change, so that it can read `client.error` too.
 * On a server it is `idle`: nothing is connected there.
 *
 * @example
 * ```tsx
 * function Status() {
 *   const state = useSocketState(client);
 *   return <p>{state === 'unauthorized' ? client.error?.message : state}</p>;
 * }
 * ```
 */
export function useSocketState(
  client: Pick<SocketClient, 'state' | 'subscribe'>,
): ClientState {
  const subscribe = useCallback(
    (listener: () => void) => client.subscribe(listener),
    [client],
  );
  return useSyncExternalStore(subscribe, () => client.state, onServer);
}

/**
 * Keeps a client connected while the component is mounted, and returns its state. Components share the connection,
 * which ends with the last of them, unless `client.connect` was called. StrictMode's second mount makes no second
 * connection.
 *
 * @example
 * ```tsx
 * const client = new SocketClient<Api, Events>(url, {credentials});
 * function Page() {
 *   const state = useSocketConnection(client);
 *   return <p>{state}</p>;
 * }
 * ```
 */
export function useSocketConnection(
  client: Pick<SocketClient, 'state' | 'subscribe' | 'retain' | 'release'>,
): ClientState {
  useEffect(() => {
    client.retain();
    return () => client.release();
  }, [client]);
  return useSocketState(client);
}

/**
 * Listens to an event while the component is mounted. The listener of the last render is called. It may be a new
 * function in each render. This does not connect: use `useSocketConnection` for that.
 *
 * @example
 * ```tsx
 * const [texts, setTexts] = useState<string[]>([]);
 * useSocketEvent(client, 'said', text => setTexts(before => [...before, text]));
 * ```
 */
export function useSocketEvent<
  Api,
  Events extends object,
  Name extends EventNames<Events>,
>(client: SocketClient<Api, Events>, name: Name, listener: Events[Name]): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => {
    const receive = (...args: never[]) => (latest.current as Listener)(...args);
    return client.on(name, receive as Events[Name]);
  }, [client, name]);
}

type Listener = (...args: never[]) => unknown;

function onServer(): ClientState {
  return 'idle';
}
