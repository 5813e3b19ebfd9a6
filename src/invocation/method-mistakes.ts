import {modelOf} from '../decorators/metadata';
import type {MethodParameters, SocketSchema} from '../decorators/metadata';
import {isBuiltIn} from '../validation/argument-schema';
import type {HandlerKind} from './handler';

/** A decorated method that is not a REST operation. */
interface DecoratedMethod {
  readonly label: string;
  readonly kind: HandlerKind;
  readonly parameters: MethodParameters;
  readonly args?: SocketSchema | undefined;
}

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
export function mistakeOf(method: DecoratedMethod): string | undefined {
  return restParameters(method) ?? misplacedValue(method) ?? uncheckedClass(method);
}

function restParameters({label, kind, parameters}: DecoratedMethod): string | undefined {
  if (!parameters.ofRest) return undefined;
  return (
    `${label} has a parameter with @param or @requestBody, but is not a REST operation. ` +
    'Decorate the method with @get, @post or another verb as well; or remove them, and ' +
    `declare (${SIGNATURES[kind]}).`
  );
}

function misplacedValue({label, kind, parameters}: DecoratedMethod): string | undefined {
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

function uncheckedClass({label, args}: DecoratedMethod): string | undefined {
  if (typeof args !== 'function' || isBuiltIn(args) || modelOf(args)) return undefined;
  return (
    `${label}: \`args\` is the class ${args.name}, which has no @model, so nothing would be ` +
    'checked. Decorate the class with @model and its properties with @property, or give a ' +
    'JSON schema.'
  );
}
