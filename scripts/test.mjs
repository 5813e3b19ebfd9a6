// Runs the compiled tests with Node's own runner: `node scripts/test.mjs [part of a file's path…]`,
// or with `--long` those that take minutes, one after the other.
import {readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import {run} from 'node:test';
import {spec as Spec} from 'node:test/reporters';

const root = join(import.meta.dirname, '..', 'dist-test');
const long = process.argv.includes('--long');
const parts = process.argv.slice(2).filter(part => part !== '--long');
const files = readdirSync(root, {recursive: true, encoding: 'utf8'})
  .filter(file => (long ? /\.long\.m?js$/ : /\.test\.m?js$/).test(file))
  .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
  .sort()
  .map(file => join(root, file));

if (files.length === 0) {
  console.error(`No test file matches ${parts.join(', ')}.`);
  process.exit(1);
}

if (long) process.env.LONG_RUN = 'true';
const skipped = [];
run({
  files,
  concurrency: long ? 1 : 2,
  timeout: long ? 1_200_000 : process.env.CI ? 300_000 : 90_000,
})
  .on('test:fail', () => (process.exitCode = 1))
  .on('test:pass', ({name, file, skip}) => {
    if (skip !== undefined) {
      skipped.push(
        `${name} (${relative(root, file ?? '')}): ${skip === true ? '' : skip}`,
      );
    }
  })
  .on('end', () => {
    for (const line of skipped) console.log(`skipped: ${line}`);
    if (process.env.CI && skipped.length > 0) process.exitCode = 1;
  })
  .compose(new Spec())
  .pipe(process.stdout);
