import type {Binding, Constructor, Context} from '@loopback/context';
import {CoreTags} from '@loopback/core';
import type {HandlerReference} from '../types';
import {ControllerHandler} from './controller-handler';
import {callFunction} from './handler';
import type {Caller, Handler, HandlerDefinition} from './handler';

/**
 * `{model, method}`: `model[method]` is read at each call, with `model` as `this`, so that it may
 * be defined late. A class without that static, bound as a controller, is resolved for each call.
 */
export class ReferenceHandler implements Handler {
  readonly label: string;
  private controller?: {binding: Readonly<Binding<unknown>>; handler: ControllerHandler};

  constructor(
    private readonly reference: HandlerReference,
    private readonly application: Context,
    private readonly values: number,
  ) {
    this.label = labelOf(reference);
  }

  invoke(caller: Caller, values: readonly unknown[]): unknown {
    const {model, method} = this.reference as {model?: object; method: string};
    const found: unknown = (model as Record<string, unknown> | undefined)?.[method];
    if (typeof found === 'function') {
      return callFunction(found as (...args: unknown[]) => unknown, model, values);
    }
    const controller = typeof model === 'function' && this.controllerHandler(model);
    if (controller) return controller.invoke(caller, values);
    throw new Error(
      `The handler {model, method} leads to no function: ${this.label}. Give the model that method, ` +
        'or bind its class as a controller: app.controller(…).',
    );
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.reference.model && method === this.reference.method;
  }

  private controllerHandler(model: object): ControllerHandler | undefined {
    const {method} = this.reference;
    const [binding] = this.application.find(
      candidate =>
        candidate.tagNames.includes(CoreTags.CONTROLLER) &&
        candidate.valueConstructor === model,
    ) as (Readonly<Binding<unknown>> | undefined)[];
    const type = model as Constructor<unknown>;
    const members = type.prototype as Record<string, unknown>;
    if (!binding || typeof members[method] !== 'function') return undefined;
    if (this.controller?.binding !== binding) {
      const handler = new ControllerHandler(binding, type, method, this.values);
      this.controller = {binding, handler};
    }
    return this.controller.handler;
  }
}

function labelOf({model, method}: Partial<HandlerReference>): string {
  const owner =
    typeof model === 'function' ? model.name : (model?.constructor.name ?? '(no model)');
  return `${owner}.${method ?? '(no method)'}`;
}
