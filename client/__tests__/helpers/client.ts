import {SocketClient} from 'loopback4-socket-client';
import type {ClientState, SocketClientOptions} from 'loopback4-socket-client';
import {Queue} from '../../../__tests__/helpers/queue';

/** Transports of a client, each tested on its own. */
export const TRANSPORTS = ['websocket', 'polling'] as const;

/** A client that keeps its changes of state, so that a test can ask for one before or after it came. */
export interface GivenClient extends AsyncDisposable {
  readonly client: SocketClient;
  /** All states so far, `idle` first. */
  readonly states: ClientState[];
  /** Waits until the client has changed to a state since the last `until`. */
  until(state: ClientState): Promise<void>;
}

/** A client that comes back at once; closed by `await using`. */
export function givenClient(
  url: string | undefined,
  options: SocketClientOptions = {},
): GivenClient {
  if (url === undefined) throw new Error('The server has no url.');
  const client = new SocketClient(url, {
    credentials: {token: 'ok'},
    ...options,
    io: {
      transports: ['websocket'],
      reconnectionDelay: 1,
      reconnectionDelayMax: 20,
      ...options.io,
    },
  });
  const states: ClientState[] = [client.state];
  const changes = new Queue<ClientState>();
  client.subscribe(() => {
    states.push(client.state);
    changes.push(client.state);
  });
  return {
    client,
    states,
    until: async state => {
      while ((await changes.next()) !== state);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** The error that a promise rejects with, without what differs from run to run. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return {resolved: await promise};
  } catch (error) {
    const {statusCode, code, sent} = error as Record<string, unknown>;
    return {statusCode, code, sent};
  }
}
