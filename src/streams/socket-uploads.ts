import {MAX_UNTAKEN_BYTES} from '../wire/items';
import {SocketErrors} from '../wire/refusals';
import type {Sent, Upload, UploadSource} from './upload';

/** The uploads of one socket, by the `ref` of their calls. */
export class SocketUploads {
  /** Bytes that wait in all of them. */
  bytes = 0;
  private readonly slots = new Map<string, UploadSlot>();

  /**
   * @param timeout - ms after which an upload ends whose client sends nothing; `undefined` for no limit.
   * @param mayHold - Returns false when no more bytes can wait for calls whose methods do not run yet.
   */
  constructor(
    readonly timeout: number | undefined,
    readonly mayHold: (bytes: number) => boolean,
  ) {}

  /** Opens a slot for a call. Returns `undefined` when the ref is in use. */
  open(ref: string, packet: unknown): UploadSlot | undefined {
    if (this.slots.has(ref)) return undefined;
    const slot: UploadSlot = new UploadSlot(this, packet, () => {
      if (this.slots.get(ref) === slot) this.slots.delete(ref);
    });
    this.slots.set(ref, slot);
    return slot;
  }

  find(ref: string): UploadSlot | undefined {
    return this.slots.get(ref);
  }

  receive(ref: string, sent: Sent): void {
    const slot = this.slots.get(ref);
    if (slot) slot.receive(sent);
    else sent.settle(SocketErrors.uploadGone());
  }

  /** Ends them because their socket is refused. A call with an id goes on when it has all items. */
  refuse(reason: Error): void {
    for (const {isKept, upload} of [...this.slots.values()]) {
      if (upload && !(isKept && upload.done)) upload.end(reason);
    }
  }

  /** Called when the socket has ended. `lose` decides on each upload. */
  leave(lose: (slot: UploadSlot) => void): void {
    for (const slot of this.slots.values()) lose(slot);
    this.slots.clear();
  }
}

/** The place of one call in the uploads of its socket. Items that come before its method runs wait here. */
export class UploadSlot implements UploadSource {
  /** Set once the method of the call runs. */
  upload?: Upload;
  /** True when the upload goes on without the socket, because its client may repeat the call. */
  isKept = false;
  private held: Sent[] = [];
  private isAnswered = false;

  /**
   * @param packet - The call.
   * @param remove - Removes it from the uploads of the socket.
   */
  constructor(
    private readonly uploads: SocketUploads,
    readonly packet: unknown,
    private readonly remove: () => void,
  ) {}

  get bytes(): number {
    return this.uploads.bytes;
  }

  get timeout(): number | undefined {
    return this.uploads.timeout;
  }

  hold(bytes: number): void {
    this.uploads.bytes += bytes;
  }

  receive(sent: Sent): void {
    const {bytes, isAnswered, held, upload, uploads} = this;
    if (isAnswered) {
      sent.settle(SocketErrors.uploadGone());
    } else if (upload) {
      upload.receive(sent);
    } else if (bytes + sent.bytes > MAX_UNTAKEN_BYTES || !uploads.mayHold(sent.bytes)) {
      const last = held.at(-1);
      sent.settle(SocketErrors.tooManyUntaken(last ? last.at + last.items.length : 0));
    } else {
      this.hold(sent.bytes);
      held.push(sent);
    }
  }

  /** Sends the items to the upload of a method that runs. */
  connect(upload: Upload, isKept: boolean): void {
    this.upload = upload;
    this.isKept = isKept;
    upload.moveTo(this);
    if (upload.isOver) this.leave();
    for (const sent of this.takeHeld()) this.receive(sent);
  }

  /**
   * Called when the call has been answered.
   *
   * @returns The upload that goes on without the socket.
   */
  answer(): Upload | undefined {
    this.isAnswered = true;
    const {isKept, upload} = this;
    if (upload && !isKept) return undefined;
    this.leave();
    for (const {settle} of this.takeHeld()) settle(SocketErrors.uploadGone());
    return upload?.isFrom(this) ? upload : undefined;
  }

  leave(): void {
    this.remove();
  }

  private takeHeld(): Sent[] {
    const held = this.held.splice(0);
    for (const {bytes} of held) this.hold(-bytes);
    return held;
  }
}
