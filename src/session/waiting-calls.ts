import type {Socket} from 'socket.io';
import type {Ack, Packet} from '../dispatch/answer';
import {weigh} from '../common/weight';

/** About how many bytes the calls may take that wait on one connection: what one of 64 KiB takes at most. */
const MAX_WAITING_BYTES = 2048 * 1024;

const BYTES = Symbol('waiting bytes');

interface Counted {
  [BYTES]?: number;
}

/** A call that waits for its socket's authentication. */
interface WaitingCall {
  readonly packet: Packet;
  readonly ack: Ack | undefined;
}

/** The calls of one socket that wait for its authentication. */
export class WaitingCalls {
  private calls: WaitingCall[] = [];
  private bytes = 0;

  constructor(private readonly connection: Socket['conn']) {}

  /**
   * Takes a call, and says whether there was room for it.
   *
   * @param most - How many calls may wait.
   */
  hold(packet: Packet, ack: Ack | undefined, most: number): boolean {
    if (this.calls.length >= most) return false;
    const counted = this.connection as Counted;
    const {[BYTES]: before = 0} = counted;
    const bytes = weigh(packet, MAX_WAITING_BYTES);
    if (before + bytes > MAX_WAITING_BYTES) return false;
    counted[BYTES] = before + bytes;
    this.bytes += bytes;
    this.calls.push({packet, ack});
    return true;
  }

  /** Hands over the first of them. */
  next(): WaitingCall | undefined {
    const call = this.calls.shift();
    if (this.calls.length === 0) this.take();
    return call;
  }

  /** Hands over all of them, in the order they came. */
  take(): WaitingCall[] {
    const {bytes, calls, connection} = this;
    const counted = connection as Counted;
    counted[BYTES] = (counted[BYTES] ?? 0) - bytes;
    this.bytes = 0;
    this.calls = [];
    return calls;
  }
}
