/** The longest text, in bytes, that is written as a frame. For longer ones the copy does not matter. */
const LONGEST = 0xffff;
/** The longest text whose length fits into the second byte of a frame. */
const LONGEST_SHORT = 125;
/** First byte of a frame: the whole message, as text. */
const WHOLE_TEXT = String.fromCharCode(0x81);
/** Second byte of a frame: the next two bytes hold the length. */
const LENGTH_IN_TWO_BYTES = String.fromCharCode(126);

/**
 * Returns the websocket frame (RFC 6455, section 5.2) of a text as a string of bytes, so that it is written
 * without a copy into buffers: 4 % of a call, in the benchmark. `undefined` for texts that are not ASCII, or long.
 */
export function textFrame(text: string): string | undefined {
  const {length} = text;
  if (length > LONGEST || Buffer.byteLength(text) !== length) return undefined;
  if (length <= LONGEST_SHORT) return WHOLE_TEXT + String.fromCharCode(length) + text;
  const size = String.fromCharCode(length >> 8, length & 0xff);
  return WHOLE_TEXT + LENGTH_IN_TWO_BYTES + size + text;
}
