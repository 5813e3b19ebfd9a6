import {randomInt} from 'node:crypto';

/** Seed of a run: `SEED` of the environment, or a new one; printed, so that the run can be repeated. */
export function seedOf(run: string): number {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  console.log(`${run}: SEED=${seed} npm run test:long -- ${run}`);
  return seed;
}
