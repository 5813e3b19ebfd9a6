/** The longest time that Node's timers can wait, in ms. They fire at once for a longer one. */
export const MAX_DELAY = 2 ** 31 - 1;

/** Limits a time to the range of Node's timers, which warn of other values. */
export function delayOf(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_DELAY);
}
