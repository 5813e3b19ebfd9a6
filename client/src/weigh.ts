type Binary = ArrayBuffer | ArrayBufferView | Blob;

/** How much a value takes in a packet. */
export interface Weight {
  bytes: number;
  attachments: number;
}

/** @throws Error for a value that JSON cannot carry, such as a circular one. */
export function weigh(value: unknown): Weight {
  const weight = {bytes: 0, attachments: 0};
  const add = (binary: Binary) => {
    weight.bytes += binary instanceof Blob ? binary.size : binary.byteLength;
    weight.attachments++;
  };
  if (isBinary(value)) {
    add(value);
    return weight;
  }
  const json = JSON.stringify(
    value,
    function (this: Record<string, unknown>, key, inner) {
      // A Buffer has become another value already.
      const own = this[key];
      if (!isBinary(own)) return inner as unknown;
      add(own);
      return 0;
    },
  ) as string | undefined;
  weight.bytes += json?.length ?? 0;
  return weight;
}

/** Returns true for what socket.io sends as a binary attachment. */
function isBinary(value: unknown): value is Binary {
  return isBytes(value) || value instanceof Blob;
}

export function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}
