/** What a value takes beside its text, in bytes; a coarse mean. */
const VALUE = 16;

/** What an object or an array takes besides. */
const OBJECT = 48;

/**
 * About how many bytes a value takes. Counting ends soon after `most`, also in a value that contains
 * itself; one that cannot be read takes `Infinity`.
 */
export function weigh(value: unknown, most: number): number {
  try {
    return most - leftAfter(value, most);
  } catch {
    return Infinity;
  }
}

/** What is left of so many bytes; less than none where they are too few. */
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
