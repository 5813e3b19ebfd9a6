/** Bytes of a value without its text; an approximate mean. */
const VALUE = 16;

/** Additional bytes of an object or an array. */
const OBJECT = 48;

/**
 * Returns the approximate size of a value, in bytes. It stops soon after `most`, also for a value that
 * contains itself; a value that cannot be read has the size `Infinity`.
 */
export function weigh(value: unknown, most: number): number {
  try {
    return most - leftAfter(value, most);
  } catch {
    return Infinity;
  }
}

/** Returns the rest of a number of bytes, which is negative when the value is larger. */
function leftAfter(value: unknown, bytes: number): number {
  let left = bytes - VALUE;
  if (typeof value === 'string') return left - value.length;
  if (typeof value !== 'object' || value === null) return left;
  left -= OBJECT;
  if (ArrayBuffer.isView(value)) return left - value.byteLength;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && left >= 0; at++) {
      left = leftAfter(value[at], left);
    }
    return left;
  }
  for (const name in value) {
    if (left < 0) break;
    left = leftAfter((value as Record<string, unknown>)[name], left - name.length);
  }
  return left;
}
