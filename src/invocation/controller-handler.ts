import type {Binding, Context} from '@loopback/core';
import {VALUES} from '../decorators/metadata';
import type {HandlerReference} from '../options/types';
import {authenticateCall, needsAuthentication, unauthenticated} from './strategy';
import type {Call} from '../context/call';
import type {Handler, HandlerDefinition, OptionalInput} from './handler';
import type {MethodDescription} from './method-description';
import {mistakeOf} from './method-mistakes';
import {Plan} from '../injection/plan';
import type {RestValidation} from '../validation/rest-validation';
import {SchemaValidator} from '../validation/schema-validator';
import {SocketErrors} from '../wire/refusals';
import {unenforced} from './unenforced-decorators';

/**
 * Calls a method of a controller as LoopBack's REST server calls an operation: authenticates the call, checks the
 * args, resolves the controller from its binding, and runs the interceptors and the method with its injected
 * parameters. The first call makes the plan of the others.
 */
export class ControllerHandler implements Handler {
  private readonly validator?: SchemaValidator;
  private plan?: Plan;

  constructor(
    private readonly binding: Readonly<Binding<unknown>>,
    readonly method: MethodDescription,
  ) {
    const {args, operation} = method;
    if (args && !operation) this.validator = new SchemaValidator(args);
  }

  get label(): string {
    return this.method.label;
  }

  /** Returns the reason why an application cannot serve the method. */
  problem(application: Context): string | undefined {
    const {method} = this;
    const mistake = mistakeOf(method);
    if (mistake !== undefined || method.kind === 'disconnected') return mistake;
    return unauthenticated(application, method) ?? unenforced(application, method);
  }

  /** Returns a message when the schema of the method's args cannot be compiled. */
  async schemaProblem(validation: RestValidation): Promise<string | undefined> {
    const {method, validator} = this;
    const problem = await (method.operation ?? validator)?.schemaProblem(validation);
    return (
      problem &&
      `${method.label}: the schema of its args cannot be compiled: ${problem}. Correct the ` +
        "schema; a $ref names a schema of the application's API or of a bound controller."
    );
  }

  /**
   * @throws SocketError when the method needs an upload, and the client sends none.
   * @throws Error when the method carries `@authenticate` and nothing authenticates it.
   */
  invoke(call: Call): unknown {
    call.method = this.method;
    if (this.method.needsUpload && !call.upload) throw SocketErrors.uploadMissing();
    const plan = this.planFor(call.caller.serverContext);
    return plan.authenticates
      ? authenticateCall(call).then(() => this.proceed(call, plan))
      : this.proceed(call, plan);
  }

  accepts(option: OptionalInput): boolean {
    return this.method.accepts[option];
  }

  streams(): boolean {
    return this.method.streams;
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.method.type && method === this.method.member;
  }

  private proceed(call: Call, plan: Plan): unknown {
    const {method, validator} = this;
    const {operation, parameters} = method;
    if (operation) {
      return operation.parse(call.args, plan.context).then(args => plan.run(call, args));
    }
    if (validator && !(call.args === undefined && parameters.optional)) {
      const pending = validator.validate(call.args, plan.context);
      if (pending) return pending.then(() => plan.run(call, this.argumentsOf(call)));
    }
    return plan.run(call, this.argumentsOf(call));
  }

  /** Returns the arguments of the parameters that are not injected. */
  private argumentsOf({values}: Call): unknown[] {
    const {count} = this.method.parameters;
    const args = values.slice(0, count);
    // LoopBack refuses a call with fewer arguments than parameters.
    while (args.length < count) args.push(undefined);
    return args;
  }

  private planFor(context: Context): Plan {
    const {binding, method, plan} = this;
    if (plan?.context === context && plan.current) return plan;
    const {kind, operation, parameters} = method;
    const takesCallback = parameters.takesCallback && !operation;
    this.plan = new Plan(context, {
      method,
      binding,
      callbackAt: takesCallback ? VALUES[kind] : undefined,
      authenticates: kind !== 'disconnected' && needsAuthentication(context, method),
    });
    return this.plan;
  }
}
