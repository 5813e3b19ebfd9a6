/** Longer texts gain nothing from being copied behind a header. */
const LONGEST = 0xffff;
/** The longest whose length stands in the second byte. */
const LONGEST_SHORT = 125;
/** The whole message, and text. */
const FIRST_BYTE = String.fromCharCode(0x81);
/** Says that the length follows in two bytes. */
const TWO_BYTES = String.fromCharCode(126);

/**
 * The frame of a message of the websocket protocol (RFC 6455, section 5.2) as a string of bytes, so that
 * it is written without being copied into buffers first; `undefined` for texts that are not ASCII, or long.
 */
export function textFrame(text: string): string | undefined {
  const {length} = text;
  if (length > LONGEST || Buffer.byteLength(text) !== length) return undefined;
  if (length <= LONGEST_SHORT) return FIRST_BYTE + String.fromCharCode(length) + text;
  const size = String.fromCharCode(length >> 8, length & 0xff);
  return FIRST_BYTE + TWO_BYTES + size + text;
}
