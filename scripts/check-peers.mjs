// Each supported version of LoopBack, in an application of its own: the packed package installs beside it
// with strict peers and one copy of LoopBack's core, without and with security; on the oldest and on the
// last before the current one, an application (`__tests__/fixtures/outside`) compiles with the TypeScript
// of its time, and passes. `node scripts/check-peers.mjs [--keep]`
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';

const RELEASES = [
  {core: 4, boot: 5, rest: 12, repository: 5, authentication: 9, security: '0.8'},
  {core: 5, boot: 6, rest: 13, repository: 6, authentication: 10, security: '0.10'},
  {core: 6, boot: 7, rest: 14, repository: 7, authentication: 11, security: '0.11'},
  {core: 7, boot: 8, rest: 15, repository: 8, authentication: 12, security: '0.12'},
];
/** Compilers for the releases on which the application runs, by `@loopback/core`, as `lb4` gave them. */
const COMPILERS = {
  4: ['typescript@4.9', '@types/node@14'],
  6: ['typescript@5.2', '@types/node@16'],
};
/** Packages of which a second copy would break an application. */
const SINGLE = ['@loopback/context', '@loopback/core', '@loopback/rest'];

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'peers-'));
const started = Date.now();
let passed = 0;

try {
  const tarballs = await Promise.all(['.', 'client'].map(pack));
  const outcomes = await Promise.allSettled(RELEASES.map(one => check(one, tarballs)));
  const failed = outcomes.filter(({status}) => status === 'rejected');
  for (const {reason} of failed) console.error(reason.message);
  console.log(`${passed} passed, ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = 1;
} finally {
  if (process.argv.includes('--keep')) console.log(work);
  else rmSync(work, {recursive: true, force: true});
}

async function pack(folder) {
  const quiet = ['--json', '--ignore-scripts'];
  const cwd = join(root, folder);
  const packed = await run(cwd, 'npm', 'pack', ...quiet, '--pack-destination', work);
  const [{filename}] = JSON.parse(packed);
  return join(work, filename);
}

async function check({authentication, security, ...base}, tarballs) {
  const app = join(work, `core-${base.core}`);
  const compilers = COMPILERS[base.core];
  // Where nothing runs it is enough to resolve what would be installed.
  const install = (...packages) =>
    npm(app, 'install', ...(compilers ? [] : ['--package-lock-only']), ...packages);
  const step = async (name, action) => {
    try {
      await action();
    } catch (error) {
      const output = `${error.stdout ?? ''}${error.stderr ?? ''}` || error.stack;
      throw new Error(`✖ core ${base.core}: ${name}\n${output}`);
    }
    passed++;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`✔ core ${base.core}: ${name} (at ${seconds} s)`);
  };
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"private": true}');
  await step('it installs with strict peers, without security', async () => {
    await install(...loopback(base), ...(compilers ?? []), 'socket.io-client@4');
    await install(...tarballs);
    assert.deepEqual(copiesOf(app, '@loopback/security'), []);
    for (const name of SINGLE) assert.equal(copiesOf(app, name).length, 1, name);
  });
  if (compilers) {
    await step('an application without security passes', async () => {
      cpSync(join(root, '__tests__', 'fixtures', 'outside'), join(app, 'src'), {
        recursive: true,
      });
      await compile(app, ['src/main.ts', 'src/controllers/chat.controller.ts']);
      await run(app, process.execPath, 'dist/main.js');
    });
  }
  await step('it installs with strict peers, with security', async () => {
    await install(...loopback({authentication, security}));
    for (const name of [...SINGLE, '@loopback/security'])
      assert.equal(copiesOf(app, name).length, 1, name);
  });
  if (compilers) {
    await step('an application with a strategy passes', async () => {
      await compile(app, ['src/security.ts'], {skipLibCheck: true});
      await run(app, process.execPath, 'dist/security.js');
    });
  }
}

function loopback(versions) {
  return Object.entries(versions).map(
    ([name, version]) => `@loopback/${name}@${version}`,
  );
}

/** Where a package is installed, as the lock file has it. */
function copiesOf(app, name) {
  const {packages} = JSON.parse(readFileSync(join(app, 'package-lock.json'), 'utf8'));
  return Object.keys(packages).filter(path => path.endsWith(`node_modules/${name}`));
}

/** Compiles files, and our declarations with them; mistakes in those of other packages are theirs. */
async function compile(app, files, options) {
  const compilerOptions = {
    target: 'es2018',
    module: 'commonjs',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
    ...options,
  };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({compilerOptions, files}));
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const output = await run(app, process.execPath, tsc, '--pretty', 'false').catch(
    error => error.stdout,
  );
  const ours = /^(src|node_modules\/loopback4-socket)\//;
  assert.deepEqual(
    output.split('\n').filter(line => ours.test(line)),
    [],
  );
}

async function run(cwd, command, ...args) {
  return (await promisify(execFile)(command, args, {cwd})).stdout;
}

function npm(cwd, ...args) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const strict = ['--strict-peer-deps', '--ignore-scripts', '--prefer-offline'];
  return run(cwd, 'npm', ...args, ...quiet, ...strict);
}
