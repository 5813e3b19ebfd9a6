import {inject} from '@loopback/core';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import {once} from './awaited';
import type {Queue} from './queue';

/** Makes a controller whose method `follow` lasts until its signal is aborted. Each signal goes to the queue. */
export function followController(started: Queue<AbortSignal>) {
  class FollowController {
    @socketMethod()
    async follow(
      _socket: unknown,
      _credentials: unknown,
      _args: unknown,
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      started.push(signal);
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    }
  }
  return FollowController;
}
