export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Returns true for an object that is not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

/** Returns true for an object that may hold further values; binary data holds none. */
export function isNested(value: unknown): value is object {
  return isObject(value) && !ArrayBuffer.isView(value);
}
