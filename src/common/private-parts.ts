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
  const part = missingPart(object, parts);
  if (part !== undefined) refuseVersion(packageName, `${owner}.${part}`);
}

/** Returns the first part that an object lacks, if there is one. */
export function missingPart(object: object, parts: PrivateParts): string | undefined {
  return Object.keys(parts).find(part => {
    const value: unknown = Reflect.get(object, part);
    return typeof value !== parts[part] || value === null;
  });
}

/**
 * Tries a private part.
 *
 * @param works - Returns `false`, or throws, when the package has changed the part.
 * @throws Error that names the member, the package and its version.
 */
export function tryPart(packageName: string, part: string, works: () => boolean): void {
  let cause: unknown;
  try {
    if (works()) return;
  } catch (error) {
    cause = error;
  }
  refuseVersion(packageName, part, cause);
}

/** @throws Error that names the member, the package and its version. */
export function refuseVersion(packageName: string, part: string, cause?: unknown): never {
  throw new Error(
    `SocketComponent: ${packageName} ${versionOf(packageName)} has changed ${part}, a private part that ` +
      'this package uses. The application does not start, because calls could get past ' +
      `authentication or validation. Install an earlier version of ${packageName}.`,
    {cause},
  );
}

/** The package that brings another, which need not be at the top of `node_modules`. */
const BROUGHT_BY: Partial<Record<string, string>> = {
  'engine.io': 'socket.io',
  '@loopback/context': '@loopback/core',
  '@loopback/openapi-v3': '@loopback/rest',
  ajv: '@loopback/rest',
};

/** Returns the version of an installed package, which may not export its package.json. */
function versionOf(packageName: string): string {
  const here = createRequire(__filename);
  const bringer = BROUGHT_BY[packageName];
  const {resolve} = bringer ? createRequire(here.resolve(bringer)) : here;
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
