import {modelOf, VALUES} from '../decorators/metadata';
import type {HandlerKind} from '../decorators/metadata';
import {isBuiltIn} from '../validation/argument-schema';
import type {RestOperation} from '../validation/rest-operation';
import type {MethodDescription} from './method-description';

/** The parameters of each kind of handler; `T` is a type of the application. */
const SIGNATURES: Record<HandlerKind, string> = {
  auth: 'socket: Socket, credentials: T',
  connected: 'socket: Socket, credentials: T',
  disconnected: 'socket: Socket, reason: string',
  method: 'socket: Socket, credentials: unknown, args: T',
};

/** Types that the parameter of the socket cannot have. */
const NO_SOCKET: readonly unknown[] = [String, Number, Boolean, Array, Date, BigInt];

/** Returns a message when the declaration of a method is certainly wrong. */
export function mistakeOf(method: MethodDescription): string | undefined {
  const {operation} = method;
  return operation
    ? operationMistake(method, operation)
    : (restParameters(method) ?? misplacedValue(method) ?? uncheckedClass(method));
}

/** Returns true when the args of a method are not checked because the compiler emitted no class for them. */
export function hasUntypedArgs(method: MethodDescription): boolean {
  const {args, kind, operation, parameters} = method;
  const {typed, types} = parameters;
  const takesArgs = kind === 'method' && !operation && types.length === VALUES.method;
  // TypeScript emits `Function` for a class that is imported with `import type`.
  return takesArgs && !args && (!typed || types.at(-1) === Function);
}

function operationMistake(
  {args, kind, label, parameters}: MethodDescription,
  operation: RestOperation,
): string | undefined {
  if (kind !== 'method') {
    return (
      `${label} is a REST operation as well. Only a @socketMethod can be one. ` +
      'Give the socket a method of its own.'
    );
  }
  if (operation.problem) return `${label} ${operation.problem}.`;
  if (args) {
    return (
      `${label} is a REST operation, which already describes its args. ` +
      'Remove `args` from @socketMethod.'
    );
  }
  if (parameters.count > operation.parameterCount) {
    return (
      `${label} is a REST operation as well, and has a parameter that REST does not fill. ` +
      'Decorate each with @param, @requestBody or @inject; ' +
      '@inject(SocketBindings.SOCKET, {optional: true}) gives the socket.'
    );
  }
  return undefined;
}

function restParameters({
  kind,
  label,
  parameters,
}: MethodDescription): string | undefined {
  if (!parameters.ofRest) return undefined;
  return (
    `${label} has a parameter with @param or @requestBody, but is not a REST operation. ` +
    'Decorate the method with @get, @post or another verb as well; or remove them, and ' +
    `declare (${SIGNATURES[kind]}).`
  );
}

function misplacedValue({
  kind,
  label,
  parameters,
}: MethodDescription): string | undefined {
  const {count, types} = parameters;
  // A parameter after this one shows that this one is for credentials.
  const mayBeModel = (place: number) =>
    place === 2 ||
    (place === 1 && (kind === 'method' ? count > 2 : kind !== 'disconnected'));
  const at = types.findIndex(
    (type, place) =>
      (place === 0 && NO_SOCKET.includes(type)) ||
      (!mayBeModel(place) && modelOf(type) !== undefined),
  );
  if (at < 0) return undefined;
  const {name} = types[at] as {name: string};
  const signature = SIGNATURES[kind];
  const [value] = signature.split(', ')[at].split(':');
  return (
    `${label}: its parameter of type ${name} would receive the ${value}. Declare ` +
    `(${signature.replace(/\bT$/, name)}); or inject what it needs, such as ` +
    '@inject(SocketBindings.CREDENTIALS).'
  );
}

function uncheckedClass({args, label}: MethodDescription): string | undefined {
  if (typeof args !== 'function' || isBuiltIn(args) || modelOf(args)) return undefined;
  return (
    `${label}: \`args\` is the class ${args.name}, which has no @model, so nothing would be ` +
    'checked. Decorate the class with @model and its properties with @property, or give a ' +
    'JSON schema.'
  );
}
