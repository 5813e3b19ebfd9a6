/** CPU time and the clock, in microseconds. */
export function usage() {
  const {user, system} = process.cpuUsage();
  return {cpu: user + system, time: Number(process.hrtime.bigint() / 1000n)};
}

/** Returns the use between two of them. */
export function used(before, after) {
  return {cpu: after.cpu - before.cpu, time: after.time - before.time};
}
