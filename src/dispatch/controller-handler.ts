import {transformValueOrPromise, tryWithFinally} from '@loopback/context';
import type {Binding, Constructor, Context} from '@loopback/context';
import {CoreBindings, invokeMethod} from '@loopback/core';
import {describeParameters} from '../decorators/metadata';
import type {MethodParameters, SocketSchema} from '../decorators/metadata';
import type {HandlerReference} from '../types';
import {ArgumentsValidator} from './arguments-validator';
import {withCallback} from './handler';
import type {Caller, Handler, HandlerDefinition} from './handler';

/** Where a method's args are among its values. */
const ARGS = 2;

type Method = (...args: unknown[]) => unknown;

/**
 * A method of a controller, resolved and invoked through LoopBack: a new instance for each call
 * (unless its binding's scope says otherwise), injected parameters and interceptors.
 */
export class ControllerHandler implements Handler {
  readonly label: string;
  private readonly parameters: MethodParameters;
  private readonly validator?: ArgumentsValidator;

  /**
   * @param values - How many values the handler receives before a callback.
   * @param args - What a method's args must be.
   */
  constructor(
    private readonly binding: Readonly<Binding<unknown>>,
    readonly type: Constructor<unknown>,
    readonly member: string,
    values: number,
    args?: SocketSchema,
  ) {
    this.label = `${type.name}.${member}`;
    if (args) this.validator = new ArgumentsValidator(args);
    this.parameters = describeParameters(type, member, values);
  }

  /** Why the method cannot be served, if so. */
  get problem(): string | undefined {
    if (!this.parameters.rest) return undefined;
    return (
      `${this.label} is a REST operation as well, which is not supported yet. ` +
      'Give the socket a method of its own that calls it.'
    );
  }

  invoke(caller: Caller, values: readonly unknown[]): unknown {
    const context = caller.openCall(values[ARGS]);
    context.bind(CoreBindings.CONTROLLER_CLASS).to(this.type);
    context.bind(CoreBindings.CONTROLLER_METHOD_NAME).to(this.member);
    return tryWithFinally(
      () => {
        const valid = this.validator?.validate(values[ARGS], context);
        return valid
          ? valid.then(() => this.invokeIn(context, values))
          : this.invokeIn(context, values);
      },
      () => context.close(),
    );
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.type && method === this.member;
  }

  private invokeIn(context: Context, values: readonly unknown[]) {
    return transformValueOrPromise(
      this.binding.getValue(context, {}),
      (controller: unknown) => {
        context.bind(CoreBindings.CONTROLLER_CURRENT).to(controller);
        return invokeMethod(
          this.answering(controller as object),
          this.member,
          context,
          this.arrange(values),
          {source: {type: 'socket', value: context}},
        ) as unknown;
      },
    );
  }

  /**
   * The controller, where a method with a callback is one that returns a promise: interceptors get
   * its answer, and may answer in its place.
   */
  private answering(controller: object): object {
    const {callbackAt} = this.parameters;
    if (callbackAt < 0) return controller;
    const method = (controller as Record<string, Method>)[this.member];
    const answering = (...args: unknown[]) =>
      withCallback(callback => {
        args[callbackAt] = callback;
        return Reflect.apply(method, controller, args);
      });
    return new Proxy(controller, {
      get: (target, property) =>
        property === this.member ? answering : (Reflect.get(target, property) as unknown),
    });
  }

  private arrange(values: readonly unknown[]): unknown[] {
    return this.parameters.sources.map(source =>
      source.kind === 'value' ? values[source.index] : undefined,
    );
  }
}
