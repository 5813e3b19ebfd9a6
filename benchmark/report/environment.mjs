import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {cpus, release, type} from 'node:os';

const benchmark = new URL('../', import.meta.url);

const peers = {
  feathers: ['@feathersjs/socketio'],
  'loopback-socket': ['loopback-socket'],
  'loopback-socketio': ['@loopback/socketio'],
  nestjs: ['@nestjs/core', '@nestjs/platform-socket.io', 'class-validator'],
  'socket-controllers': ['socket-controllers'],
};

/** The environment that the numbers depend on. */
export function describeEnvironment() {
  const root = createRequire(new URL('../package.json', benchmark));
  const own = [
    'socket.io',
    'socket.io-client',
    'engine.io',
    'ws',
    '@loopback/core',
    '@loopback/rest',
  ];
  const versions = Object.fromEntries(own.map(name => [name, versionOf(root, name)]));
  for (const folder of readdirSync(new URL('peers/', benchmark))) {
    const manifest = new URL(`peers/${folder}/package.json`, benchmark);
    for (const name of peers[folder] ?? []) {
      versions[name] = versionOf(createRequire(manifest), name);
    }
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    system: `${type()} ${release()}`,
    processor: cpus()[0].model.trim(),
    cores: cpus().length,
    versions,
  };
}

/** Not every package exports its package.json, so it is looked for. */
function versionOf(require, name) {
  for (const folder of require.resolve.paths(name)) {
    const file = `${folder}/${name}/package.json`;
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
  }
  return 'not installed';
}
