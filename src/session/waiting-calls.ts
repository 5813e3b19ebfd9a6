import type {Socket} from 'socket.io';
import type {Ack, Packet} from '../dispatch/packet';
import {weigh} from '../common/weight';

/** Most bytes, about, of the calls that wait on one connection: a message of 64 KiB can take as many. */
const MAX_WAITING_BYTES = 2048 * 1024;

const BYTES = Symbol('waiting bytes');

interface Counted {
  [BYTES]?: number;
}

/** A call that waits for its socket's authentication. */
export interface WaitingCall {
  readonly packet: Packet;
  readonly ack: Ack | undefined;
}

/** The calls of one socket that wait for its authentication. */
export class WaitingCalls {
  private calls: WaitingCall[] = [];
  private bytes = 0;

  constructor(private readonly connection: Socket['conn']) {}

  /**
   * Adds a call. Returns false when too many wait, or too large ones.
   *
   * @param most - Most calls that may wait.
   */
  hold(packet: Packet, ack: Ack | undefined, most: number): boolean {
    if (this.calls.length >= most) return false;
    if (!this.count(weigh(packet, MAX_WAITING_BYTES))) return false;
    this.calls.push({packet, ack});
    return true;
  }

  /** Counts bytes until all calls are removed. Returns false when too many wait on the connection. */
  count(bytes: number): boolean {
    const counted = this.connection as Counted;
    const {[BYTES]: before = 0} = counted;
    if (before + bytes > MAX_WAITING_BYTES) return false;
    counted[BYTES] = before + bytes;
    this.bytes += bytes;
    return true;
  }

  /** Removes the first call. */
  next(): WaitingCall | undefined {
    const call = this.calls.shift();
    if (this.calls.length === 0) this.takeAll();
    return call;
  }

  /** Removes one call. Its bytes count until all calls are removed. */
  take(isTaken: (packet: Packet) => boolean): WaitingCall | undefined {
    const at = this.calls.findIndex(({packet}) => isTaken(packet));
    return at < 0 ? undefined : this.calls.splice(at, 1)[0];
  }

  /** Removes all calls, in the order they came. */
  takeAll(): WaitingCall[] {
    const {bytes, calls, connection} = this;
    const counted = connection as Counted;
    counted[BYTES] = (counted[BYTES] ?? 0) - bytes;
    this.bytes = 0;
    this.calls = [];
    return calls;
  }
}
