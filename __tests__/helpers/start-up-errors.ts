import {RestServer} from '@loopback/rest';
import assert from 'node:assert/strict';
import {givenApp} from './app';
import type {AppOptions} from './app';

/** The application fails to start, says why in words that each pattern matches, and does not listen. */
export async function assertStartFails(
  options: AppOptions,
  ...patterns: readonly RegExp[]
): Promise<void> {
  await using given = await givenApp({...options, start: false});
  await assert.rejects(given.app.start(), (error: Error) => {
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });
  if (options.plain) return;
  const rest = await given.app.getServer(RestServer);
  assert.equal(rest.listening, false);
  assert.equal(rest.httpServer, undefined);
}
