import {delayOf} from '../common/timers';
import {MAX_UNTAKEN_BYTES} from '../wire/items';
import {SocketErrors} from '../wire/refusals';
import type {Upload, UploadSource} from './upload';

/** Most uploads of a user without a socket. */
const MAX_LOST_UPLOADS = 32;

/** The uploads of one user, in the order in which they have lost their sockets. */
class UserUploads {
  readonly uploads = new Set<Upload>();
  bytes = 0;
}

/** The uploads of a server that have lost their sockets. Their clients may repeat the calls, and go on. */
export class LostUploads {
  private readonly users = new Map<string, UserUploads>();

  /**
   * Keeps an upload until its client comes back.
   *
   * @param user - The user's key.
   * @param time - ms that the method waits for more items.
   */
  add(user: string, upload: Upload, time: number): void {
    const lost = this.users.get(user) ?? new UserUploads();
    this.users.set(user, lost);
    const end = () => upload.end(SocketErrors.uploadLost());
    const timer = upload.done ? undefined : setTimeout(end, delayOf(time)).unref();
    const source: UploadSource = {
      get bytes() {
        return lost.bytes;
      },
      timeout: undefined,
      hold: bytes => {
        lost.bytes += bytes;
      },
      leave: () => {
        clearTimeout(timer);
        lost.uploads.delete(upload);
        if (lost.uploads.size === 0) this.users.delete(user);
      },
    };
    lost.uploads.add(upload);
    upload.moveTo(source);
    for (const oldest of [...lost.uploads]) {
      const {bytes, uploads} = lost;
      if (uploads.size <= MAX_LOST_UPLOADS && bytes <= MAX_UNTAKEN_BYTES) return;
      oldest.end(SocketErrors.uploadLost());
    }
  }

  /**
   * Ends those whose clients have not sent all items.
   *
   * @param user - The key of the only user whose uploads end.
   */
  end(reason: Error, user?: string): void {
    for (const [key, {uploads}] of [...this.users]) {
      if (user !== undefined && key !== user) continue;
      for (const upload of [...uploads]) if (!upload.done) upload.end(reason);
    }
  }
}
