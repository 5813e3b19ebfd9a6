import {writeFile} from 'node:fs/promises';
import type {Application} from '@loopback/core';
import {dump} from 'js-yaml';
import {ASYNC_API} from './keys';
import type {AsyncApiSpec} from './spec';

/**
 * Returns the AsyncAPI document of an application: its servers, methods and events. The application need not be
 * started, but booted, so that its controllers are bound.
 *
 * @throws Error without `app.component(SocketComponent)`, or when an option is wrong.
 */
export async function getAsyncApiSpec(app: Application): Promise<AsyncApiSpec> {
  const document = await app.get(ASYNC_API);
  return structuredClone(await document.get());
}

/**
 * Writes the AsyncAPI document of an application, as `app.exportOpenApiSpec` does for OpenAPI.
 *
 * @param outFile - A path that ends with `.json`, `.yaml` or `.yml`. @default prints JSON
 * @throws Error when the file cannot be written.
 */
export async function exportAsyncApiSpec(
  app: Application,
  outFile = '',
  log: (message: string) => void = console.log,
): Promise<void> {
  const spec = await getAsyncApiSpec(app);
  const isYaml = /\.ya?ml$/i.test(outFile);
  const text = isYaml ? dump(spec, {noRefs: true}) : JSON.stringify(spec, null, 2);
  if (outFile === '') log(text);
  else {
    await writeFile(outFile, isYaml ? text : `${text}\n`, 'utf8');
    log(`The AsyncAPI document has been saved to ${outFile}.`);
  }
}
