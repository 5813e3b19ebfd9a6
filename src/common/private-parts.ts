import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';

/** Names of private members, and the type that each must have. */
export type PrivateParts = Readonly<
  Record<string, 'function' | 'object' | 'string' | 'number'>
>;

/**
 * Checks that an object of an installed package has the private members that this package uses.
 *
 * @param owner - The class that the members belong to, for the message.
 * @throws Error that names the member, the package and its version.
 */
export function checkParts(
  packageName: string,
  owner: string,
  object: object,
  parts: PrivateParts,
): void {
  for (const [part, type] of Object.entries(parts)) {
    const value: unknown = Reflect.get(object, part);
    if (typeof value !== type || value === null)
      refuseVersion(packageName, `${owner}.${part}`);
  }
}

/** @throws Error that names the member, the package and its version. */
export function refuseVersion(packageName: string, part: string, cause?: unknown): never {
  throw new Error(
    `SocketComponent: ${packageName} ${versionOf(packageName)} has changed ${part}, a private part that ` +
      'this package uses. The application does not start, because clients could get past ' +
      `authentication. Install an earlier version of ${packageName}.`,
    {cause},
  );
}

/** Returns the version of an installed package, which may not export its package.json. */
function versionOf(packageName: string): string {
  const here = createRequire(__filename);
  // Engine.IO is a dependency of socket.io.
  const {resolve} =
    packageName === 'engine.io' ? createRequire(here.resolve('socket.io')) : here;
  for (
    let path = dirname(resolve(packageName));
    path !== dirname(path);
    path = dirname(path)
  ) {
    try {
      const {name, version} = JSON.parse(
        readFileSync(join(path, 'package.json'), 'utf8'),
      ) as {name?: string; version?: string};
      if (name === packageName && version !== undefined) return version;
    } catch {
      // The folder has no package.json.
    }
  }
  return '(of an unknown version)';
}
