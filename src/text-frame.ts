/** Longer texts gain nothing from being copied behind a header. */
const MAX_LENGTH = 0xffff;
/** The longest whose length stands in the second byte. */
const MAX_SHORT_LENGTH = 125;
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
  if (length > MAX_LENGTH || Buffer.byteLength(text) !== length) return undefined;
  if (length <= MAX_SHORT_LENGTH) return FIRST_BYTE + String.fromCharCode(length) + text;
  const size = String.fromCharCode(length >> 8, length & 0xff);
  return FIRST_BYTE + TWO_BYTES + size + text;
}
