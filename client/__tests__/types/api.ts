/** What a server's package exports to its front end: controllers, and an Api that was written first. */
import {inject} from '@loopback/core';
import {Entity, model, property} from '@loopback/repository';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {socketMethod} from 'loopback4-socket';
import type {Serves, Socket} from 'loopback4-socket';

@model()
export class Order extends Entity {
  @property({id: true}) id!: number;
  @property() placed!: Date;
  @property() parent?: Order;
}

export class OrdersController {
  @socketMethod()
  async find(
    _socket: Socket,
    _credentials: unknown,
    _args: {limit: number; since?: Date},
  ): Promise<Order[]> {
    return [];
  }

  @socketMethod()
  async count(): Promise<number> {
    return 3;
  }

  @socketMethod()
  whoAmI(@inject(SecurityBindings.USER) user: UserProfile) {
    return user.name;
  }

  @socketMethod()
  page(
    _socket: Socket,
    _credentials: unknown,
    args: {limit?: number} = {},
    @inject(SecurityBindings.USER) _user?: UserProfile,
  ) {
    return {limit: args.limit, file: new Uint8Array(1), skip: () => 1};
  }

  @socketMethod('close')
  async closeOrder(_socket: Socket, _credentials: unknown, args: {id: number}) {
    return args.id > 0;
  }

  @socketMethod()
  anything(_socket: Socket, _credentials: unknown, args: any): any {
    return args;
  }

  @socketMethod()
  async *ticks(_socket: Socket, _credentials: unknown, args: {symbol: string}) {
    yield {at: new Date(), symbol: args.symbol};
  }

  nothing(): void {
    return;
  }

  secret() {
    return 1;
  }
}

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

export class ChatController implements Serves<ChatApi, Socket> {
  async say(_socket: Socket, _credentials: unknown, args: {text: string}) {
    return {delivered: args.text.length > 0, at: new Date()};
  }

  history() {
    return [{at: new Date(), text: 'Hello'}];
  }

  leave(_socket: Socket, _credentials: unknown, _args: {quietly: boolean} | undefined) {
    return 'what is returned does not matter';
  }

  async *feed(_socket: Socket, _credentials: unknown, args: {room: string}) {
    yield {at: new Date(), room: args.room};
  }
}

export class Models implements Serves<{all(): {id: number; placed: string}[]}> {
  async all(): Promise<Order[]> {
    return [];
  }
}

export class WrongResult implements Pick<Serves<ChatApi, Socket>, 'say'> {
  // @ts-expect-error a number is no date
  say(_socket: Socket, _credentials: unknown, _args: {text: string}) {
    return {delivered: true, at: 5};
  }
}

export class WrongArgs implements Pick<Serves<ChatApi, Socket>, 'say'> {
  // @ts-expect-error text is no number
  say(_socket: Socket, _credentials: unknown, _args: {text: number}) {
    return {delivered: true, at: ''};
  }
}

// @ts-expect-error methods are missing
export class Missing implements Serves<ChatApi, Socket> {
  history() {
    return [];
  }
}
