import {authenticate} from '@loopback/authentication';
import {inject, service} from '@loopback/core';
import {get} from '@loopback/rest';
import {feed, SocketBindings, socketMethod} from 'loopback4-socket';
import {Position} from '../models';
import {ShipService} from '../services';

/** A live feed, over REST and on the default socket server. */
@authenticate('jwt')
export class ShipController {
  constructor(@service(ShipService) private readonly ships: ShipService) {}

  @get('/positions')
  @socketMethod({
    item: Position,
    summary:
      'Streams the current positions, and then each move, until the client leaves.',
  })
  async *positions(
    @inject(SocketBindings.SIGNAL) signal: AbortSignal,
  ): AsyncGenerator<Position> {
    // It listens before it reads the current positions, so that it misses no move.
    const moves = feed(this.ships.events, 'moved', {signal});
    yield* this.ships.positions.values();
    yield* moves;
  }
}
