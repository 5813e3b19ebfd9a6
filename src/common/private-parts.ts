import {createRequire} from 'node:module';

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
  const {version} = createRequire(__filename)(`${packageName}/package.json`) as {
    version: string;
  };
  throw new Error(
    `SocketComponent: ${packageName} ${version} has changed ${part}, a private part that this package ` +
      'uses. The application does not start, because clients could get past authentication. ' +
      `Install an earlier version of ${packageName}.`,
    {cause},
  );
}
