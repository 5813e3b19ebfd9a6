/** The longest that Node's timers can wait, in ms; a longer one does not wait at all. */
export const MAX_DELAY = 2 ** 31 - 1;

/** The nearest to that many ms that Node's timers can wait; they warn of what they cannot. */
export function delayOf(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_DELAY);
}
