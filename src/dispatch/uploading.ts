import {Upload} from '../streams/upload';
import type {UploadSlot} from '../streams/socket-uploads';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {callOptionsOf} from './call-options';
import type {Packet} from './packet';
import type {DispatchSession, KeptCall} from './ports';

/** Returns the place of a call's upload, or an error when its ref is in use; `undefined` for a call without one. */
export function uploadSlotOf(
  session: DispatchSession,
  packet: Packet,
): UploadSlot | SocketError | undefined {
  const options = callOptionsOf(packet);
  if (!options?.upload || options.ref === undefined) return undefined;
  const {ref} = options;
  const {uploads} = session;
  // A guard may have changed the packet, which then has no place yet.
  const slot = uploads.find(ref) ?? uploads.open(ref, packet);
  return slot?.packet === packet ? slot : SocketErrors.refInUse();
}

/** Makes the upload of a call whose method runs now. */
export function startUpload(slot: UploadSlot, kept: KeptCall | undefined): Upload {
  const upload = new Upload();
  if (kept) kept.upload = upload;
  slot.connect(upload, kept !== undefined);
  return upload;
}

/** Ends an upload that has lost its socket. The upload of a call with an id goes on, and waits for its client. */
export function loseUpload(
  {endpoint, returnTime, userKey}: DispatchSession,
  {isKept, upload}: UploadSlot,
): void {
  if (!upload) return;
  if (isKept && (upload.done || returnTime > 0))
    endpoint.lostUploads.add(userKey, upload, returnTime);
  else
    upload.end(
      endpoint.draining ? SocketErrors.shuttingDown() : SocketErrors.uploadLost(),
    );
}
