import type {Binding, Constructor, Context} from '@loopback/core';
import {describeOperation, describeParameters} from '../decorators/metadata';
import type {MethodParameters, SocketSchema} from '../decorators/metadata';
import type {HandlerReference} from '../options/types';
import {
  authenticateCall,
  hasAuthentication,
  isAuthenticated,
  needsAuthentication,
} from './strategy';
import type {Call} from '../context/call';
import type {ControllerMethod} from '../context/caller';
import {VALUES} from './handler';
import type {Handler, HandlerDefinition, HandlerKind} from './handler';
import {mistakeOf} from './method-mistakes';
import {Plan} from '../injection/plan';
import {RestOperation} from '../validation/rest-operation';
import type {RestValidation} from '../validation/rest-validation';
import {SchemaValidator} from '../validation/schema-validator';
import {decoratorsOf, unenforced} from './unenforced-decorators';
import type {Decorator} from './unenforced-decorators';

/**
 * Calls a method of a controller as LoopBack's REST server calls an operation: authenticates the call, checks the
 * args, resolves the controller from its binding, and runs the interceptors and the method with its injected
 * parameters. The first call makes the plan of the others.
 */
export class ControllerHandler implements Handler, ControllerMethod {
  readonly label: string;
  readonly parameters: MethodParameters;
  readonly operation?: RestOperation;
  private readonly validator?: SchemaValidator;
  /** True when the method carries `@authenticate`. */
  private readonly guarded: boolean;
  /** The decorators of the method that the application has to enforce. */
  private readonly decorators: readonly Decorator[];
  /** The mistake in the declaration of the method. */
  private readonly mistake?: string | undefined;
  private plan?: Plan;

  /** @param args - The schema of a method's args. */
  constructor(
    private readonly binding: Readonly<Binding<unknown>>,
    readonly type: Constructor<unknown>,
    readonly member: string,
    readonly kind: HandlerKind,
    readonly args?: SocketSchema,
  ) {
    this.label = `${type.name}.${member}`;
    this.parameters = describeParameters(type, member, VALUES[kind]);
    this.guarded = kind !== 'disconnected' && isAuthenticated(type, member);
    const operation = describeOperation(type, member);
    if (operation) {
      this.operation = new RestOperation(operation.spec, operation.schemas, this.label);
    } else if (kind === 'method') {
      const schema = args ?? this.parameters.model;
      if (schema) this.validator = new SchemaValidator(schema);
    }
    this.decorators = kind === 'disconnected' ? [] : decoratorsOf(type, member);
    this.mistake = this.operation
      ? this.operationProblem(this.operation)
      : mistakeOf(this);
  }

  /** Returns the reason why an application cannot serve the method. */
  problem(application: Context): string | undefined {
    if (this.mistake) return this.mistake;
    if (this.guarded && !hasAuthentication(application)) return this.unguardedMessage;
    return unenforced(application, this.label, this.decorators);
  }

  /** True when args are checked against a schema. */
  get isChecked(): boolean {
    return (this.operation ?? this.validator) !== undefined;
  }

  /** Returns a message when the schema of the method's args cannot be compiled. */
  async schemaProblem(validation: RestValidation): Promise<string | undefined> {
    const {label, operation, validator} = this;
    const problem =
      (await operation?.schemaProblem(validation)) ??
      (await validator?.problem(validation));
    return (
      problem &&
      `${label}: the schema of its args cannot be compiled: ${problem}. Correct the schema; ` +
        "a $ref names a schema of the application's API or of a bound controller."
    );
  }

  /** True when args are not checked because the compiler emitted no class for their parameter. */
  get isUntyped(): boolean {
    const {args, kind, operation, parameters} = this;
    const {typed, types} = parameters;
    const takesArgs = kind === 'method' && !operation && types.length === VALUES.method;
    // TypeScript emits `Function` for a class that is imported with `import type`.
    return takesArgs && !args && (!typed || types.at(-1) === Function);
  }

  /** @throws Error when the method carries `@authenticate` and nothing authenticates it. */
  invoke(call: Call): unknown {
    call.method = this;
    const plan = this.planFor(call.caller.serverContext);
    return plan.authenticates
      ? authenticateCall(call).then(() => this.proceed(call, plan))
      : this.proceed(call, plan);
  }

  isFrom(definition: HandlerDefinition): boolean {
    const {model, method} = definition as Partial<HandlerReference>;
    return model === this.type && method === this.member;
  }

  private operationProblem(operation: RestOperation): string | undefined {
    const {label} = this;
    if (this.kind !== 'method') {
      return (
        `${label} is a REST operation as well. Only a @socketMethod can be one. ` +
        'Give the socket a method of its own.'
      );
    }
    if (operation.problem) return `${label} ${operation.problem}.`;
    if (this.args) {
      return (
        `${label} is a REST operation, which already describes its args. ` +
        'Remove `args` from @socketMethod.'
      );
    }
    if (this.parameters.count > operation.parameterCount) {
      return (
        `${label} is a REST operation as well, and has a parameter that REST does not fill. ` +
        'Decorate each with @param, @requestBody or @inject; ' +
        '@inject(SocketBindings.SOCKET, {optional: true}) gives the socket.'
      );
    }
    return undefined;
  }

  private proceed(call: Call, plan: Plan): unknown {
    const {operation, parameters, validator} = this;
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
    const {count} = this.parameters;
    const args = values.slice(0, count);
    // LoopBack refuses a call with fewer arguments than parameters.
    while (args.length < count) args.push(undefined);
    return args;
  }

  private planFor(context: Context): Plan {
    const {plan} = this;
    if (plan?.context === context && plan.current) return plan;
    if (this.guarded && !hasAuthentication(context))
      throw new Error(this.unguardedMessage);
    const {binding, kind, label, parameters} = this;
    const takesCallback = parameters.takesCallback && !this.operation;
    this.plan = new Plan(context, {
      label,
      method: this,
      binding,
      callbackAt: takesCallback ? VALUES[kind] : undefined,
      authenticates: kind !== 'disconnected' && needsAuthentication(context, this),
    });
    return this.plan;
  }

  private get unguardedMessage(): string {
    return (
      `${this.label} carries @authenticate, but nothing authenticates it. ` +
      'Add AuthenticationComponent of @loopback/authentication: app.component(…).'
    );
  }
}
