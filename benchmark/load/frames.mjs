// WebSocket frames (RFC 6455), as far as a load generator needs them.

const TEXT = 0x81;
export const PONG = 0x8a;
// Not zero: servers skip the work of unmasking with that.
const MASK = [0x12, 0x34, 0x56, 0x78];

/** A masked frame, ready to be written. */
export function encodeFrame(payload, head = TEXT) {
  const data = Buffer.from(payload);
  const extended = data.length > 125 ? 2 : 0;
  const frame = Buffer.alloc(6 + extended + data.length);
  frame[0] = head;
  frame[1] = 0x80 | (extended ? 126 : data.length);
  if (extended) frame.writeUInt16BE(data.length, 2);
  const start = 6 + extended;
  frame.set(MASK, start - 4);
  for (let i = 0; i < data.length; i++) frame[start + i] = data[i] ^ MASK[i & 3];
  return frame;
}

/**
 * Calls `receive(chunk, start, end, opcode)` for each whole frame; returns where the rest begins.
 */
export function readFrames(chunk, receive) {
  let at = 0;
  while (at + 2 <= chunk.length) {
    let length = chunk[at + 1];
    let start = at + 2;
    if (length > 125) {
      if (length === 127) throw new Error('A frame over 64 KB.');
      if (at + 4 > chunk.length) break;
      length = chunk.readUInt16BE(at + 2);
      start = at + 4;
    }
    if (start + length > chunk.length) break;
    receive(chunk, start, start + length, chunk[at] & 15);
    at = start + length;
  }
  return at;
}
