import {awaited} from './awaited';

/** Hands out what was pushed, in order, to whoever asks before or after. */
export class Queue<Item> {
  private readonly items: Item[] = [];
  private readonly waiting: ((item: Item) => void)[] = [];

  push(item: Item): void {
    const waiter = this.waiting.shift();
    if (waiter) waiter(item);
    else this.items.push(item);
  }

  next(): Promise<Item> {
    if (this.items.length > 0) return Promise.resolve(this.items.splice(0, 1)[0]);
    const coming = new Promise<Item>(resolve => this.waiting.push(resolve));
    return awaited(coming, 'the next item of a queue');
  }

  /** The number of values that nobody has asked for yet. */
  get size(): number {
    return this.items.length;
  }
}
