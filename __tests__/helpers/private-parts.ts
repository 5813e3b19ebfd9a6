import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {givenApp} from './app';

/** Puts another property in the place of one while something runs. */
export async function replaced(
  object: object,
  part: string,
  property: PropertyDescriptor,
  run: () => unknown,
): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(object, part);
  Object.defineProperty(object, part, {...property, configurable: true});
  try {
    await run();
  } finally {
    Reflect.deleteProperty(object, part);
    if (own) Object.defineProperty(object, part, own);
  }
}

/** Takes a part away while something runs; a value that is set on instances is not kept. */
export function without(
  prototype: object,
  part: string,
  run: () => unknown,
): Promise<void> {
  const none = {get: () => undefined, set: () => undefined};
  return replaced(prototype, part, none, run);
}

/** Looks for a part by another name while something runs, as if the package had renamed it. */
export async function renamed(
  parts: Record<string, string>,
  part: string,
  run: () => unknown,
): Promise<void> {
  const {[part]: type} = parts;
  Reflect.deleteProperty(parts, part);
  parts[`${part}Renamed`] = type;
  try {
    await run();
  } finally {
    Reflect.deleteProperty(parts, `${part}Renamed`);
    parts[part] = type;
  }
}

/** Matches the message that names a changed part, its package and the version. */
export function changedPart(packageName: string, part: string): RegExp {
  const name = part.replaceAll('.', '\\.');
  return new RegExp(
    `${packageName} \\d+\\.\\d+\\.\\d+ has changed ${name}, .* does not start`,
  );
}

/** The application does not start, and nothing listens for clients. */
export async function isRefused(packageName: string, part: string): Promise<void> {
  const message = changedPart(packageName, part);
  const http = createServer();
  await assert.rejects(givenApp({component: {http: () => http}, plain: true}), {message});
  assert.equal(http.listenerCount('request') + http.listenerCount('upgrade'), 0);
}
