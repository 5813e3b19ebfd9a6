import {BindingScope, lifeCycleObserver} from '@loopback/core';
import type {LifeCycleObserver} from '@loopback/core';
import {EventEmitter} from 'node:events';
import type {Position} from '../models';

const SHIPS = ['Amber', 'Birch', 'Coral'];

/** The ships, which move once a second while the application runs. */
@lifeCycleObserver('', {scope: BindingScope.SINGLETON})
export class ShipService implements LifeCycleObserver {
  readonly positions = new Map<string, Position>();
  /** Each client that watches is a listener, so their number has no limit. */
  readonly events = new EventEmitter<{moved: [Position]}>().setMaxListeners(0);
  private timer?: NodeJS.Timeout;

  start(): void {
    this.sail();
    this.timer = setInterval(() => this.sail(), 1000);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  move(position: Position): void {
    this.positions.set(position.ship, position);
    this.events.emit('moved', position);
  }

  /** Each ship goes around the middle of the map, at another place of its circle. */
  private sail(): void {
    SHIPS.forEach((ship, index) => {
      const angle = Date.now() / 10_000 + index * 2;
      const x = Math.round(50 + 40 * Math.cos(angle));
      const y = Math.round(30 + 20 * Math.sin(angle));
      this.move({ship, x, y});
    });
  }
}
