import assert from 'node:assert/strict';
import type {Application} from '@loopback/core';
import {Parser} from '@asyncapi/parser';
import {getAsyncApiSpec} from 'loopback4-socket';
import type {AsyncApiSpec} from 'loopback4-socket';

/** Making one takes long. */
const parser = new Parser();

/** Fails when AsyncAPI's own parser has a diagnostic of any severity. */
export async function assertValid(spec: AsyncApiSpec): Promise<void> {
  const {diagnostics} = await parser.parse(JSON.stringify(spec));
  const found = diagnostics.map(({message, path}) => `${path.join('.')}: ${message}`);
  assert.deepEqual(found, []);
}

/** The valid document of an application. */
export async function specOf(app: Application): Promise<AsyncApiSpec> {
  const spec = await getAsyncApiSpec(app);
  await assertValid(spec);
  return spec;
}

/** The payload of a message, by its key. */
export function payloadOf(spec: AsyncApiSpec, key: string): any {
  const message = spec.components.messages[key];
  assert.ok(message, `the document has no message ${key}`);
  return message.payload;
}

/** The names of the application's own operations. */
export function operationsOf(spec: AsyncApiSpec): string[] {
  return Object.keys(spec.operations).filter(key => !/(^|\.)socket\./.test(key));
}
