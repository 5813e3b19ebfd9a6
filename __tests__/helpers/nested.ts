/** JSON of arrays within arrays, so many levels deep. */
export function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}
