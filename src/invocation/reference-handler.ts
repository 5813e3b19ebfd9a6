import type {Binding, Constructor, Context} from '@loopback/core';
import {CoreTags} from '@loopback/core';
import {describeClass} from '../decorators/metadata';
import type {HandlerKind, SocketMethodMetadata} from '../decorators/metadata';
import type {HandlerReference} from '../options/types';
import {BindingChanges} from '../context/binding-changes';
import type {Validity} from '../context/binding-changes';
import type {Call} from '../context/call';
import {ControllerHandler} from './controller-handler';
import {callFunction} from './handler';
import type {Handler, HandlerDefinition, OptionalInput} from './handler';
import {describeMethod} from './method-description';
import type {MethodDescription} from './method-description';
import {isAsyncGenerator, withCallOptions} from './with-call';

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

  /** The method of a controller, with what its decorator says; `undefined` for a function of the model. */
  get method(): MethodDescription | undefined {
    if (this.ownMethod()) return undefined;
    return this.ofController(controller => controller.method, undefined);
  }

  invoke(call: Call): unknown {
    const {model} = this.reference as {model?: object};
    const found = this.ownMethod();
    if (found) return callFunction(this, found, model, call);
    const controller = typeof model === 'function' && this.controllerHandler(model);
    if (controller) return controller.invoke(call);
    throw new Error(
      `The handler {model, method} names no function: ${this.label}. Give the model that method, ` +
        'or bind its class as a controller: app.controller(…).',
    );
  }

  accepts(option: OptionalInput): boolean {
    const found = this.ownMethod();
    if (found) return withCallOptions(found)?.[option] ?? false;
    // The call fails with the error of a mistake.
    return this.ofController(controller => controller.accepts(option), true) ?? false;
  }

  streams(): boolean {
    const found = this.ownMethod();
    if (found) return isAsyncGenerator(found);
    return this.ofController(controller => controller.streams(), false) ?? false;
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.reference.model && method === this.reference.method;
  }

  /** Returns the function that the model has under that name. */
  private ownMethod(): ((...values: unknown[]) => unknown) | undefined {
    const {model, method} = this.reference as {model?: object; method: string};
    const found = (model as Record<string, unknown> | undefined)?.[method];
    return typeof found === 'function'
      ? (found as (...values: unknown[]) => unknown)
      : undefined;
  }

  /** Asks the handler of the controller, if the model is one; returns `mistaken` when its method has a mistake. */
  private ofController<Answer>(
    ask: (controller: ControllerHandler) => Answer,
    mistaken: Answer,
  ): Answer | undefined {
    const {model} = this.reference;
    try {
      const controller = typeof model === 'function' && this.controllerHandler(model);
      return controller ? ask(controller) : undefined;
    } catch {
      return mistaken;
    }
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
        metadata: this.metadataOf(type),
      });
      const handler = new ControllerHandler(binding, description);
      const problem = handler.problem(this.application);
      if (problem) throw new Error(problem);
      this.controller = {binding, handler};
    }
    return this.controller.handler;
  }

  /** Returns what the method's own decorator says. */
  private metadataOf(type: Constructor<unknown>): SocketMethodMetadata {
    const {method} = this.reference;
    const found = describeClass(type)?.members.find(
      ({kind, member}) => kind === this.kind && member === method,
    );
    return found?.metadata ?? {};
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
