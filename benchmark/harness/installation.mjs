import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const packages = [
  '@loopback/context',
  '@loopback/core',
  '@loopback/rest',
  '@loopback/security',
];

/** Says what to do when something is not installed or not built, or installed twice. */
export function checkInstallation(subjects) {
  for (const {name, module} of subjects) {
    if (!existsSync(fileURLToPath(module))) {
      throw new Error(`${name} is not there. Run: npm run setup && npm run build`);
    }
  }
  const client = new URL('../../client/dist/index.js', import.meta.url);
  if (
    subjects.some(({kind}) => kind === 'client') &&
    !existsSync(fileURLToPath(client))
  ) {
    throw new Error('The client is not built. Run: npm run build');
  }
  const server = createRequire(import.meta.resolve('../servers/loopback/dist/server.js'));
  const component = createRequire(server.resolve('loopback4-socket'));
  for (const name of packages) {
    // Two copies have different keys and caches, and are not what an application has.
    if (server.resolve(name) !== component.resolve(name)) {
      throw new Error(
        `${name} is installed twice. Run npm ci in the parent folder and here.`,
      );
    }
  }
}
