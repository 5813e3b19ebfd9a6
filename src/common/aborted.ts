/** Returns true when work has failed because its signal was aborted. */
export function isStoppedBy(signal: AbortSignal | undefined, thrown: unknown): boolean {
  if (!signal?.aborted) return false;
  try {
    // Node's functions reject with an AbortError whose cause is the reason.
    const {cause} = thrown as {cause?: unknown};
    return thrown === signal.reason || cause === signal.reason;
  } catch {
    // `thrown` is null or undefined, or its getter throws.
    return false;
  }
}
