import type {Binding, Constructor, Context} from '@loopback/core';
import {CoreTags} from '@loopback/core';
import type {HandlerKind} from '../decorators/metadata';
import type {HandlerReference} from '../options/types';
import {BindingChanges} from '../context/binding-changes';
import type {Validity} from '../context/binding-changes';
import type {Call} from '../context/call';
import {ControllerHandler} from './controller-handler';
import {callFunction} from './handler';
import type {Handler, HandlerDefinition, OptionalInput} from './handler';
import {describeMethod} from './method-description';
import {withCallOptions} from './with-call';

type ControllerBinding = Readonly<Binding<unknown>>;

/**
 * Calls `model[method]` of a `{model, method}`, with `model` as `this`. The method is read at each call, so it may
 * be defined late. For a class that is bound as a controller and has no such static method, calls the method of
 * the controller.
 */
export class ReferenceHandler implements Handler {
  readonly label: string;
  /** The binding of the model as a controller, or undefined without one; valid until a binding changes. */
  private bound?: {validity: Validity; binding: ControllerBinding | undefined};
  private controller?: {binding: ControllerBinding; handler: ControllerHandler};

  constructor(
    private readonly reference: HandlerReference,
    private readonly application: Context,
    private readonly kind: HandlerKind,
  ) {
    this.label = labelOf(reference);
  }

  invoke(call: Call): unknown {
    const {model, method} = this.reference as {model?: object; method: string};
    const found: unknown = (model as Record<string, unknown> | undefined)?.[method];
    if (typeof found === 'function') {
      return callFunction(this, found as (...args: unknown[]) => unknown, model, call);
    }
    const controller = typeof model === 'function' && this.controllerHandler(model);
    if (controller) return controller.invoke(call);
    throw new Error(
      `The handler {model, method} names no function: ${this.label}. Give the model that method, ` +
        'or bind its class as a controller: app.controller(…).',
    );
  }

  accepts(option: OptionalInput): boolean {
    const {model, method} = this.reference as {model?: object; method: string};
    const found = (model as Record<string, unknown> | undefined)?.[method];
    if (typeof found === 'function') {
      return withCallOptions(found as () => unknown)?.[option] ?? false;
    }
    if (typeof model !== 'function') return false;
    try {
      return this.controllerHandler(model)?.accepts(option) ?? false;
    } catch {
      // The call fails with that error.
      return true;
    }
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.reference.model && method === this.reference.method;
  }

  private controllerHandler(model: object): ControllerHandler | undefined {
    const {method} = this.reference;
    const binding = this.bindingOf(model);
    const type = model as Constructor<unknown>;
    const members = type.prototype as Record<string, unknown>;
    if (!binding || typeof members[method] !== 'function') return undefined;
    if (this.controller?.binding !== binding) {
      const description = describeMethod(type, {
        kind: this.kind,
        member: method,
        metadata: {},
      });
      const handler = new ControllerHandler(binding, description);
      const problem = handler.problem(this.application);
      if (problem) throw new Error(problem);
      this.controller = {binding, handler};
    }
    return this.controller.handler;
  }

  private bindingOf(model: object): ControllerBinding | undefined {
    if (!this.bound?.validity.current) {
      const validity = BindingChanges.validityOf(this.application);
      const controllers = this.application.findByTag(CoreTags.CONTROLLER);
      const binding = controllers.find(
        ({valueConstructor}) => valueConstructor === model,
      );
      this.bound = {validity, binding};
    }
    return this.bound.binding;
  }
}

function labelOf({model, method}: Partial<HandlerReference>): string {
  const owner =
    typeof model === 'function' ? model.name : (model?.constructor.name ?? '(no model)');
  return `${owner}.${method ?? '(no method)'}`;
}
