/** CPU time and the clock, in microseconds. */
export function usage() {
  const {user, system} = process.cpuUsage();
  return {cpu: user + system, time: Number(process.hrtime.bigint() / 1000n)};
}

/** Returns the use between two of them. */
export function used(before, after) {
  return {cpu: after.cpu - before.cpu, time: after.time - before.time};
}

/** Returns the use of this process during an action, and the result of the action. */
export async function measured(work) {
  const before = usage();
  const result = await work();
  return {...result, ...used(before, usage())};
}
