/** About the most characters of a number in JSON. */
const NUMBER_BYTES = 20;

/** A copy of plain data, and the length of its JSON, about. */
export interface PlainCopy {
  copy: unknown;
  bytes: number;
}

/**
 * Copies an object or an array of JSON's own types, which `JSON.stringify` writes as socket.io's parser does. Returns
 * `undefined` for anything else, such as binary data, an instance of a class, or an object with `toJSON`.
 */
export function copyPlain(value: unknown): PlainCopy | undefined {
  const copy = shallowCopy(value);
  if (!copy) return undefined;
  let bytes = 2;
  for (const key in copy) {
    bytes += key.length + 4;
    const part = copy[key];
    switch (typeof part) {
      case 'string':
        bytes += part.length + 2;
        break;
      case 'number':
        bytes += NUMBER_BYTES;
        break;
      case 'boolean':
        bytes += 5;
        break;
      default: {
        if (part === null || part === undefined) break;
        const nested = copyPlain(part);
        if (!nested) return undefined;
        copy[key] = nested.copy;
        bytes += nested.bytes;
      }
    }
  }
  return {copy, bytes};
}

function shallowCopy(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return {...value};
  if (!Array.isArray(value) || prototype !== Array.prototype || 'toJSON' in value)
    return undefined;
  return (value as unknown[]).slice() as unknown as Record<string, unknown>;
}
