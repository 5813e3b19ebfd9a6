import {createHash, randomBytes} from 'node:crypto';

/** A digest of items, in their order. */
export function hashOf(items: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(item);
  return hash.digest('hex');
}

/** Chunks of random bytes. */
export function givenChunks(count: number, size: number): Buffer[] {
  const bytes = randomBytes(count * size);
  return Array.from({length: count}, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}
