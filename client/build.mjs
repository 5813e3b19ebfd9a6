// Bundles the client, so that it holds the wire's names and types of the server without a copy in the sources:
// `node client/build.mjs`. Asserts the sizes that a front end has to load.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, copyFileSync, mkdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const KB = 1024;
/** Calls are half of it. Streams, uploads and answers share the other half. */
const MOST_OF_CLIENT = 6.5 * KB;
const MOST_OF_BROWSER_FILE = 19.5 * KB;
const MOST_OF_BINDING = KB;

/** Entries for frameworks. Each imports its framework and types of the client, and nothing else. */
const BINDINGS = {
  react: ['esm', 'cjs'],
  tanstack: ['esm', 'cjs'],
  // Angular itself has ES modules only.
  angular: ['esm'],
};

const here = import.meta.dirname;
const dist = join(here, 'dist');
const require = createRequire(import.meta.url);

const common = {
  absWorkingDir: here,
  entryPoints: ['src/index.ts'],
  bundle: true,
  target: 'es2022',
  tsconfig: 'tsconfig.json',
};
const external = ['socket.io-client'];

rmSync(dist, {recursive: true, force: true});
mkdirSync(dist);
await Promise.all([
  build({...common, external, format: 'esm', outfile: 'dist/index.js', sourcemap: true}),
  build({...common, external, format: 'cjs', outfile: 'dist/index.cjs', sourcemap: true}),
  build({...common, format: 'esm', minify: true, outfile: 'dist/client.browser.js'}),
  build({
    ...common,
    entryPoints: ['src/command/main.ts'],
    packages: 'external',
    platform: 'node',
    format: 'esm',
    banner: {js: '#!/usr/bin/env node'},
    outfile: 'dist/command.js',
  }),
]);
chmodSync(join(dist, 'command.js'), 0o755);
run(
  'dts-bundle-generator/dist/bin/dts-bundle-generator.js',
  '--silent',
  '--no-banner',
  '--export-referenced-types=false',
  '--project=tsconfig.json',
  '--out-file=dist/index.d.ts',
  'src/index.ts',
);
copyFileSync(join(dist, 'index.d.ts'), join(dist, 'index.d.cts'));
// From here on, the package's own name is known to the compiler.
run('typescript/bin/tsc', '-p', '.');
run('typescript/bin/tsc', '-p', 'tsconfig.bindings.json');
run('typescript/bin/tsc', '-p', 'tsconfig.command.json');
for (const [name, formats] of Object.entries(BINDINGS)) {
  if (formats.includes('cjs'))
    copyFileSync(join(dist, `${name}.d.ts`), join(dist, `${name}.d.cts`));
  for (const format of formats) {
    const outfile = `dist/${name}.${format === 'esm' ? 'js' : 'cjs'}`;
    await build({...common, ...binding(name), format, outfile, sourcemap: true});
  }
}

await check('the client without socket.io-client', MOST_OF_CLIENT, {external});
await check('client.browser.js', MOST_OF_BROWSER_FILE, {});
for (const name of Object.keys(BINDINGS)) {
  await check(`/${name}`, MOST_OF_BINDING, binding(name));
}

/** How an entry is bundled: all packages stay imports. */
function binding(name) {
  return {entryPoints: [`src/${name}.ts`], packages: 'external'};
}

/** Compares what a bundler makes of the client, compressed, with a limit. */
async function check(name, most, options) {
  const {outputFiles} = await build({
    ...common,
    ...options,
    format: 'esm',
    minify: true,
    write: false,
  });
  const size = gzipSync(outputFiles[0].contents, {level: 9}).length;
  console.log(`${name}: ${size} bytes of at most ${most}, compressed`);
  assert(size <= most, `${name} has ${size} bytes, more than ${most}`);
}

function run(script, ...args) {
  execFileSync(process.execPath, [resolve(script), ...args], {
    cwd: here,
    stdio: 'inherit',
  });
}

/** A script of a package, which may be installed here or above. */
function resolve(script) {
  const [name, ...path] = script.split('/');
  return join(require.resolve(`${name}/package.json`), '..', ...path);
}
