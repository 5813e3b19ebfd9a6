import type {SocketError} from '../wire/refusals';

/** A call that a connection has in flight. */
export interface InFlightCall {
  /** Where it stands among them; -1 for one that is not. */
  place: number;
  refuse(thrown: SocketError): void;
  /** Called when the connection has ended. */
  leave(): void;
}

/**
 * The calls that a connection has in flight. No `Set`: it makes its table anew as it grows and shrinks, and
 * each of them refers to the next, so that one that has become old keeps those that follow until the next
 * full collection.
 */
export class CallsInFlight {
  private readonly calls: InFlightCall[] = [];

  get size(): number {
    return this.calls.length;
  }

  add(call: InFlightCall): void {
    call.place = this.calls.push(call) - 1;
  }

  /** Nothing happens to one that is not among them. */
  delete(call: InFlightCall): void {
    const {place} = call;
    if (place < 0) return;
    call.place = -1;
    const last = this.calls.pop();
    if (!last || last === call) return;
    this.calls[place] = last;
    last.place = place;
  }

  /** In no order; the list may change meanwhile. */
  all(): InFlightCall[] {
    return [...this.calls];
  }
}
