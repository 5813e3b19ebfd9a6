import {extensionFilter, extensionFor} from '@loopback/core';
import type {Application, BindingTemplate, ValueOrPromise} from '@loopback/core';
import {isRecord} from '../common/objects';
import type {AsyncApiSpec} from './spec';

/** Changes the AsyncAPI document, as an `OASEnhancer` changes that of OpenAPI. */
export interface AsyncApiEnhancer {
  readonly name: string;
  /** Returns the changed document, which may be the given one. */
  modifySpec(spec: AsyncApiSpec): ValueOrPromise<AsyncApiSpec>;
}

/** Name of the extension point of {@link AsyncApiEnhancer}. */
export const ASYNC_API_ENHANCERS = 'loopback4-socket.asyncApiEnhancers';

/**
 * Makes a binding that of an enhancer.
 *
 * @example
 * ```ts
 * @injectable(asAsyncApiEnhancer)
 * export class ContactEnhancer implements AsyncApiEnhancer {
 *   readonly name = 'contact';
 *   modifySpec(spec: AsyncApiSpec) {
 *     return {...spec, info: {...spec.info, contact: {email: 'team@example.com'}}};
 *   }
 * }
 * app.add(createBindingFromClass(ContactEnhancer));
 * ```
 */
export const asAsyncApiEnhancer: BindingTemplate = binding => {
  extensionFor(ASYNC_API_ENHANCERS)(binding);
};

/** Applies all enhancers of an application, in the order of their bindings. */
export async function enhance(
  app: Application,
  spec: AsyncApiSpec,
): Promise<AsyncApiSpec> {
  let enhanced = spec;
  for (const {key} of app.find(extensionFilter(ASYNC_API_ENHANCERS))) {
    const enhancer = await app.get<AsyncApiEnhancer>(key);
    enhanced = await enhancer.modifySpec(enhanced);
    if (!isRecord(enhanced)) {
      throw new Error(
        `The AsyncAPI enhancer ${key} has returned no document. Return the given one, or a changed copy.`,
      );
    }
  }
  return enhanced;
}
