/**
 * Controllers of a server. Front ends import their declarations, and have none of the packages that are named here but
 * the client.
 */
import {inject} from '@loopback/core';
import {AnyObject, Count, Entity, model, property, Where} from '@loopback/repository';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {Serves, Socket} from 'loopback4-socket';

@model()
export class Order extends Entity {
  @property({id: true}) id!: number;
  @property() placed!: Date;
  @property() parent?: Order;
  @property() note?: string;
  @property() details?: AnyObject;

  get label(): string {
    return `#${this.id}`;
  }

  isOld(): boolean {
    return this.placed.getTime() < 0;
  }
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

  @socketMethod()
  search(
    _socket: Socket,
    _credentials: unknown,
    args: {text: string},
    @inject(SecurityBindings.USER) user: UserProfile,
    @inject(SocketBindings.SIGNAL) _signal: AbortSignal,
  ) {
    return {text: args.text, mine: user.name !== undefined};
  }

  @socketMethod()
  async matching(
    _socket: Socket,
    _credentials: unknown,
    args: Where<Order>,
  ): Promise<Count> {
    return {count: Object.keys(args).length};
  }

  @socketMethod()
  photo(_socket: Socket, _credentials: unknown, args: {of: number}): Buffer {
    return Buffer.alloc(args.of);
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

export class Models implements Serves<{all(): {id: number; placed: string}[]}> {
  async all(): Promise<Order[]> {
    return [];
  }
}
