import {awaited} from './awaited';

/** Holds others up until it is opened. */
export class Gate {
  open!: () => void;
  private readonly opening = new Promise<void>(resolve => (this.open = resolve));

  get opened(): Promise<void> {
    return awaited(this.opening, 'a gate to open');
  }
}
