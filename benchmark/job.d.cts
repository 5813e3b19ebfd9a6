export interface Credentials {
  token: string;
}

export interface User {
  id: string;
  name: string;
}

export interface FindArgs {
  skip: number;
  limit: number;
  filter: {name: string};
}

export interface Found {
  user: string;
  name: string;
  end: number;
}

export interface Message {
  title: string;
  number: number;
  tags: string[];
}

/** What a server module exports as `start`. */
export type Start = (options: StartOptions) => Promise<RunningServer>;

export interface StartOptions {
  methods: number;
  [option: string]: unknown;
}

export interface RunningServer {
  port: number;
  /** Sends one `news` event to every authenticated socket. */
  broadcast(message: Message): void;
  /** One function for each connected socket, which sends it one `news` event. */
  senders(): ((message: Message) => void)[];
}

export const MESSAGE: Message;
export function findUser(credentials?: Credentials): User | undefined;
export function find(args: FindArgs, user: User): Found;
export function now(): number;
export function prices(count: number): AsyncGenerator<{i: number; price: number}>;
export function ticks(
  count: number,
  interval: number,
): AsyncGenerator<{i: number; at: number}>;
export function methodNames(count: number): string[];
