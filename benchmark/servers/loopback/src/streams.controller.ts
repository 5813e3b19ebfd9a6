import {socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {prices, ticks} from '../../../job.cjs';
import {PlainController} from './plain.controller';

/** Methods that stream. */
export class StreamsController extends PlainController {
  @socketMethod()
  prices(_socket: Socket, _credentials: unknown, {count}: {count: number}) {
    return prices(count);
  }

  @socketMethod()
  ticks(
    _socket: Socket,
    _credentials: unknown,
    {count, interval}: {count: number; interval: number},
  ) {
    return ticks(count, interval);
  }
}
