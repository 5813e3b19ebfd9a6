// Compiles the package, its servers here, the peers that are installed, and the client.
import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const peers = readdirSync(here('peers'))
  .map(peer => here(`peers/${peer}`))
  .filter(
    peer => existsSync(`${peer}/tsconfig.json`) && existsSync(`${peer}/node_modules`),
  );

// tsc, because esbuild does not write the metadata that decorators need.
const tsc = createRequire(here('../package.json')).resolve('typescript/bin/tsc');
const projects = [here('..'), here('servers/loopback'), ...peers];
for (const args of [[tsc, '-b', ...projects], [here('../client/build.mjs')]]) {
  const {status} = spawnSync(process.execPath, args, {stdio: 'inherit'});
  if (status !== 0) process.exit(status ?? 1);
}
