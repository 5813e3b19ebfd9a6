import type {ControllerClass} from '@loopback/core';
import {get, param} from '@loopback/rest';
import type {SocketServer} from 'loopback4-socket';
import type {Gate} from './gate';

/** Handlers that a stop finds under way. */
export interface SlowHandlers {
  /** `GET /soon?n=…`, which answers once the gate is open. */
  readonly controller: ControllerClass;
  /** Defines methods: `soon`, which answers once the gate is open, and `never`. */
  readonly define: (server: SocketServer) => void;
}

/** @param enter - Told of each call and request when it is under way. */
export function slowHandlers(gate: Gate, enter: () => void): SlowHandlers {
  class SlowController {
    @get('/soon')
    async soon(@param.query.number('n') n: number) {
      enter();
      await gate.opened;
      return n;
    }
  }
  return {
    controller: SlowController,
    define: server => {
      server.defineMethod('soon', async (_socket, _credentials, n) => {
        enter();
        await gate.opened;
        return n;
      });
      server.defineMethod('never', () => {
        enter();
        return new Promise(() => undefined);
      });
    },
  };
}
