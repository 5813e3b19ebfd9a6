import {inject} from '@loopback/core';
import type {ApplicationConfig} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {
  onSocketConnected,
  socketAuth,
  SocketBindings,
  SocketComponent,
  socketMethod,
} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';

export interface ChatUser {
  readonly id: number;
  readonly name?: string;
  /** In ms since 1970. */
  readonly expiresAt?: number;
}

export interface ChatApi {
  say(args: {text: string}): {delivered: boolean};
  whoAmI(): ChatUser;
  credentials(): unknown;
  join(args: {room: string}): string[];
  fail(args: {with: 'error' | 'text'}): never;
  wait(): string;
  count(): number;
  later(): string;
}

export interface ChatEvents {
  said(text: string): void;
  welcome(user: ChatUser): void;
  waiting(): void;
}

/** Returns the user of a token. */
export type FindUser = (token: string) => ChatUser | undefined;

export class ChatController {
  private static calls = 0;

  constructor(
    @inject('users.find') private findUser: FindUser,
    @inject('aborted', {optional: true}) private aborted?: () => void,
    @inject('until', {optional: true}) private until?: () => Promise<string>,
  ) {}

  @socketAuth()
  async authenticate(socket: Socket, credentials?: {token?: string}) {
    const user = this.findUser(credentials?.token ?? '');
    return user && {...user, [securityId]: String(user.id)};
  }

  @onSocketConnected()
  async welcome(
    socket: Socket,
    credentials: unknown,
    @inject('security.user') user: ChatUser,
  ) {
    socket.emit('welcome', user);
  }

  @socketMethod('say', {
    args: {type: 'object', required: ['text'], properties: {text: {type: 'string'}}},
  })
  async say(socket: Socket, credentials: unknown, args: {text: string}) {
    socket.nsp.emit('said', args.text);
    return {delivered: true};
  }

  @socketMethod()
  async whoAmI(@inject('security.user') user: ChatUser) {
    return user;
  }

  @socketMethod()
  async credentials(socket: Socket, credentials: unknown) {
    return credentials;
  }

  @socketMethod('join', {args: {type: 'object'}})
  async join(socket: Socket, credentials: unknown, args: {room: string}) {
    await socket.join(args.room);
    socket.to(args.room).emit('said', 'joined');
    return [...socket.rooms].filter(room => room === args.room);
  }

  @socketMethod('fail', {args: {type: 'object'}})
  async fail(socket: Socket, credentials: unknown, args: {with: string}) {
    if (args.with === 'text') throw 'a text';
    throw Object.assign(new Error('Not enough money'), {
      statusCode: 402,
      code: 'NO_MONEY',
      details: {missing: 3},
    });
  }

  /** Answers when its call is cancelled. */
  @socketMethod()
  async wait(
    @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    @inject(SocketBindings.SOCKET) socket: Socket,
  ) {
    const stopped = new Promise<void>(resolve => {
      signal.addEventListener('abort', () => resolve());
    });
    socket.emit('waiting');
    await stopped;
    this.aborted?.();
    return 'aborted';
  }

  @socketMethod()
  async count() {
    return ++ChatController.calls;
  }

  /** Answers when the test lets it. */
  @socketMethod()
  async later(@inject(SocketBindings.SOCKET) socket: Socket) {
    ChatController.calls++;
    socket.emit('waiting');
    return this.until?.();
  }
}

export class ChatApplication extends RestApplication {
  constructor(options: ApplicationConfig = {}) {
    super(options);
    this.component(SocketComponent);
    this.controller(ChatController);
    const users = new Map([['token of Cid', {id: 3, name: 'Cid'}]]);
    this.bind('users.find').to((token: string) => users.get(token));
  }
}
