/** An Api that is written first, and the classes that serve it. */
import type {Serves} from 'loopback4-socket-client';

export interface ChatApi {
  say(args: {text: string}): {delivered: boolean; at: string};
  history(): {at: string; text?: string}[];
  leave(args?: {quietly: boolean}): void;
  feed(args: {room: string}): AsyncIterable<{at: string}>;
}

export interface ChatEvents {
  said(text: string, from: string): void;
  confirm(args: {question: string}): Promise<boolean>;
}

export class ChatController implements Serves<ChatApi> {
  async say(_socket: unknown, _credentials: unknown, args: {text: string}) {
    return {delivered: args.text.length > 0, at: new Date()};
  }

  history() {
    return [{at: new Date(), text: 'Hello'}];
  }

  leave(_socket: unknown, _credentials: unknown, _args: {quietly: boolean} | undefined) {
    return 'what is returned does not matter';
  }

  async *feed(_socket: unknown, _credentials: unknown, args: {room: string}) {
    yield {at: new Date(), room: args.room};
  }
}

export class WrongResult implements Pick<Serves<ChatApi>, 'say'> {
  // @ts-expect-error a number is no date
  say(_socket: unknown, _credentials: unknown, _args: {text: string}) {
    return {delivered: true, at: 5};
  }
}

export class WrongArgs implements Pick<Serves<ChatApi>, 'say'> {
  // @ts-expect-error text is no number
  say(_socket: unknown, _credentials: unknown, _args: {text: number}) {
    return {delivered: true, at: ''};
  }
}

// @ts-expect-error methods are missing
export class Missing implements Serves<ChatApi> {
  history() {
    return [];
  }
}
