/** Does something that many times, some of them at once, and returns the results in order. */
export async function inParallel<Result>(
  count: number,
  atOnce: number,
  run: (at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const at = next++;
      results[at] = await run(at);
    }
  };
  await Promise.all(Array.from({length: Math.min(count, atOnce)}, work));
  return results;
}
