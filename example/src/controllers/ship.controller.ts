import {authenticate} from '@loopback/authentication';
import {inject, service} from '@loopback/core';
import {get} from '@loopback/rest';
import {feed, SocketBindings, socketMethod} from 'loopback4-socket';
import {ShipService} from '../services';
import type {Position} from '../services';

/** A live feed, over REST and on the default socket server. */
@authenticate('jwt')
export class ShipController {
  constructor(@service(ShipService) private readonly ships: ShipService) {}

  /** Streams the current positions, and then each move, until the client leaves. */
  @get('/positions')
  @socketMethod()
  async *positions(
    @inject(SocketBindings.SIGNAL) signal: AbortSignal,
  ): AsyncGenerator<Position> {
    // It listens before it reads the current positions, so that it misses no move.
    const moves = feed(this.ships.events, 'moved', {signal});
    yield* this.ships.positions.values();
    yield* moves;
  }
}
