// Compiles the packages, the tests and the example: `npm run build`.
import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

// The client takes the sources of the protocol, and so needs no compiled server; the test kit needs its types.
await run(join(root, 'client', 'build.mjs'));
await run(tsc, '-b', '.', '__tests__', 'client/__tests__', 'example');
// The page of the example is JavaScript; its types are checked.
await run(tsc, '-p', 'example/types');

/** Runs a script, and ends with its exit code when it fails. */
function run(...args) {
  return new Promise(resolve => {
    spawn(process.execPath, args, {cwd: root, stdio: 'inherit'}).on('close', code => {
      if (code !== 0) process.exit(code ?? 1);
      resolve();
    });
  });
}
