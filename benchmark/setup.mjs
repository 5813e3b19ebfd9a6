// Installs the peers, each in a folder of its own: they need different versions of the same packages.
import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const peers = new URL('peers/', import.meta.url);
for (const peer of readdirSync(peers)) {
  console.log(`peers/${peer}`);
  const cwd = fileURLToPath(new URL(peer, peers));
  const {status} = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}
