/** The most lines of a difference that are printed. */
const MOST = 100;

/** The most pairs of lines that are compared; beyond, all lines count as different. */
const MOST_PAIRS = 16_000_000;

/** Returns the lines that differ: `-` before those of the first text, `+` before those of the second. */
export function lineDiff(one: string, other: string): string {
  const before = one.split('\n');
  const after = other.split('\n');
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let same = 0;
  const most = Math.min(before.length, after.length) - start;
  while (same < most && before.at(-1 - same) === after.at(-1 - same)) same++;
  const lines = compare(
    before.slice(start, before.length - same),
    after.slice(start, after.length - same),
  );
  const more = lines.length - MOST;
  const shown = more > 0 ? [...lines.slice(0, MOST), `… and ${more} more lines`] : lines;
  return shown.join('\n');
}

function compare(before: readonly string[], after: readonly string[]): string[] {
  const width = after.length + 1;
  const small = before.length * after.length <= MOST_PAIRS;
  // The number of lines that both have from a pair on.
  const common = new Uint32Array(small ? (before.length + 1) * width : 0);
  if (small) {
    for (let i = before.length - 1; i >= 0; i--) {
      for (let j = after.length - 1; j >= 0; j--) {
        const at = i * width + j;
        common[at] =
          before[i] === after[j]
            ? common[at + width + 1] + 1
            : Math.max(common[at + width], common[at + 1]);
      }
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const at = i * width + j;
    if (small && i < before.length && j < after.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (
      i < before.length &&
      (j === after.length || !small || common[at + width] >= common[at + 1])
    ) {
      lines.push(`- ${before[i++]}`);
    } else {
      lines.push(`+ ${after[j++]}`);
    }
  }
  return lines;
}
