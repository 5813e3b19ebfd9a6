import type {Binding, Constructor, Context} from '@loopback/core';
import {CoreTags} from '@loopback/core';
import {describeClass} from '../decorators/metadata';
import type {DecoratedMember, SocketPushedEventMetadata} from '../decorators/metadata';
import {isReservedEvent} from '../wire/protocol';
import {DEFAULT_SERVER_NAME} from '../options/keys';
import {ControllerHandler} from './controller-handler';
import {DeclaredEvent} from './declared-event';
import type {DecoratedHandlers} from './handler-table';
import {describeMethod} from './method-description';
import type {MethodDescription} from './method-description';
import {hasUntypedArgs} from './method-mistakes';
import {RestValidation} from '../validation/rest-validation';

/** The handlers of one server. */
interface ServerHandlers extends DecoratedHandlers {
  /** The first class that names the server. */
  readonly namedBy: string;
}

/** The handlers of all servers, and the mistakes in the bound controllers. */
interface ControllerScan {
  readonly servers: ReadonlyMap<string, ServerHandlers>;
  /** One message each: it names the class and the method, and says what to do. */
  readonly problems: readonly string[];
}

interface Draft extends ServerHandlers {
  auth?: ControllerHandler;
  readonly connected: ControllerHandler[];
  readonly disconnected: ControllerHandler[];
  readonly methods: Map<string, ControllerHandler>;
  readonly events: Map<string, DeclaredEvent>;
}

type ControllerBinding = Readonly<Binding<unknown>>;

/** Returns true for the binding of a controller with decorators of this package. */
export function isSocketController(binding: ControllerBinding): boolean {
  return (
    binding.tagNames.includes(CoreTags.CONTROLLER) &&
    binding.valueConstructor !== undefined &&
    describeClass(binding.valueConstructor) !== undefined
  );
}

/** Returns the names of servers that decorated controllers of an application use. */
export function serversNamedIn(application: Context): Set<string> {
  const names = new Set<string>();
  for (const {valueConstructor: type} of application.findByTag(CoreTags.CONTROLLER)) {
    const described = type && describeClass(type);
    if (!described) continue;
    const {server, members, events} = described;
    const named = [...members, ...events].map(one => one.server);
    for (const name of [server, ...named]) {
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

/**
 * Makes the handlers of an application's decorated controllers: one for each decorator of a method. The next
 * scan returns the same handler for the same binding.
 */
export class ControllerScanner {
  private readonly handlers = new WeakMap<
    ControllerBinding,
    Map<string, ControllerHandler>
  >();

  private readonly events = new WeakMap<object, Map<string, DeclaredEvent>>();

  /** The handlers of the last scan. */
  private scanned: ControllerHandler[] = [];

  constructor(private readonly application: Context) {}

  scan(): ControllerScan {
    const servers = new Map<string, Draft>();
    const problems: string[] = [];
    this.scanned = [];
    for (const {binding, type} of this.find()) {
      const described = describeClass(type);
      if (!described) continue;
      draftOf(servers, type, described.server);
      for (const metadata of described.events) {
        const draft = draftOf(servers, type, metadata.server);
        const problem = declare(draft, this.eventOf(type, metadata));
        if (problem) problems.push(problem);
      }
      for (const decorated of described.members) {
        const handler = this.handlerOf(binding, type, decorated);
        const draft = draftOf(servers, type, decorated.server);
        this.scanned.push(handler);
        const problem = handler.problem(this.application) ?? place(draft, handler);
        if (problem) problems.push(problem);
      }
    }
    return {servers, problems};
  }

  /** Returns one binding for each class, in the order of the bindings. */
  private find() {
    const found = new Map<Constructor<unknown>, ControllerBinding>();
    for (const binding of this.application.find(isSocketController)) {
      const type = binding.valueConstructor;
      if (type && !found.has(type)) found.set(type, binding);
    }
    return [...found].map(([type, binding]) => ({type, binding}));
  }

  /** Returns a message for each method whose schema of args cannot be compiled. */
  async schemaProblems(): Promise<string[]> {
    const checked = this.scanned.filter(({method}) => method.operation ?? method.args);
    if (checked.length === 0) return [];
    const validation = await RestValidation.of(this.application);
    const problems: string[] = [];
    for (const handler of checked) {
      const problem = await handler.schemaProblem(validation);
      if (problem) problems.push(problem);
    }
    return problems;
  }

  /** A warning that names the methods whose args are not checked because the compiler emitted no types. */
  get warning(): string | undefined {
    const labels = this.scanned
      .filter(({method}) => hasUntypedArgs(method))
      .map(({label}) => label);
    if (labels.length === 0) return undefined;
    return (
      `The compiler emitted no type for the args of ${labels.join(', ')}, so these args are not ` +
      'checked. Import the class itself, not with `import type`, and compile with ' +
      '`emitDecoratorMetadata` (tsc and swc can, esbuild and tsx cannot); or give a schema: ' +
      '@socketMethod({args: …}).'
    );
  }

  /** Returns the same event for the same decorator, so that its schema is compiled once. */
  private eventOf(type: Constructor<unknown>, metadata: SocketPushedEventMetadata) {
    const known = this.events.get(type) ?? new Map<string, DeclaredEvent>();
    this.events.set(type, known);
    const key = JSON.stringify([metadata.server, metadata.name]);
    const event = known.get(key) ?? new DeclaredEvent(metadata, type);
    known.set(key, event);
    return event;
  }

  private handlerOf(
    binding: ControllerBinding,
    type: Constructor<unknown>,
    decorated: DecoratedMember,
  ): ControllerHandler {
    const handlers = this.handlers.get(binding) ?? new Map<string, ControllerHandler>();
    this.handlers.set(binding, handlers);
    const {kind, member, metadata, server} = decorated;
    const key = JSON.stringify([kind, member, server, metadata.name]);
    const handler =
      handlers.get(key) ??
      new ControllerHandler(binding, describeMethod(type, decorated));
    handlers.set(key, handler);
    return handler;
  }
}

function draftOf(
  servers: Map<string, Draft>,
  type: Constructor<unknown>,
  name = DEFAULT_SERVER_NAME,
): Draft {
  let draft = servers.get(name);
  if (!draft) {
    draft = {
      namedBy: type.name,
      connected: [],
      disconnected: [],
      methods: new Map(),
      events: new Map(),
    };
    servers.set(name, draft);
  }
  return draft;
}

/** Adds an event to the draft of its server. Returns a message when another class declares it otherwise. */
function declare({events}: Draft, event: DeclaredEvent): string | undefined {
  const {label, metadata} = event;
  const {name, payload, answer} = metadata;
  if (isReservedEvent(name) || name === '') {
    return `${label}: the event name "${name}" is reserved. Give the event another name.`;
  }
  const other = events.get(name);
  events.set(name, other ?? event);
  if (!other || (other.metadata.payload === payload && other.metadata.answer === answer))
    return undefined;
  return (
    `${label}: ${other.label} declares the event with another payload or answer on the same server. ` +
    'Declare it once.'
  );
}

/** Adds a handler to the draft of its server. Returns a message when another handler conflicts with it. */
function place(draft: Draft, handler: ControllerHandler): string | undefined {
  const {kind, label, member, name} = handler.method;
  if (kind === 'connected' || kind === 'disconnected') {
    const list = draft[kind];
    const at = list.findIndex(
      other => other.method.member === member && related(other, handler),
    );
    if (at < 0) list.push(handler);
    else list[at] = derived(list[at], handler);
    return undefined;
  }
  if (kind === 'auth') {
    const other = draft.auth;
    draft.auth = other ? derived(other, handler) : handler;
    if (!other || related(other, handler) || inheritsSame(other, handler))
      return undefined;
    return (
      `${label}: ${other.label} authenticates the same server already. ` +
      'Remove one @socketAuth, or name another server: @socketAuth({server: …}).'
    );
  }
  if (isReservedEvent(name) || name === '') {
    return (
      `${label}: the event name "${name}" is reserved. ` +
      "Give the method another: @socketMethod('…')."
    );
  }
  const other = draft.methods.get(name);
  draft.methods.set(name, other ? derived(other, handler) : handler);
  if (!other || related(other, handler)) return undefined;
  return (
    `${label}: ${other.label} is called "${name}" on the same server already. ` +
    "Give one of them another name: @socketMethod('…')."
  );
}

/** Returns the handler of the subclass when a class and its subclass are both bound. */
function derived(one: ControllerHandler, other: ControllerHandler): ControllerHandler {
  return extendsClass(other.method, one.method) ? other : one;
}

function related(one: ControllerHandler, other: ControllerHandler): boolean {
  return extendsClass(one.method, other.method) || extendsClass(other.method, one.method);
}

/** Returns true when two classes inherit a method of the same base class, and neither overrides it. */
function inheritsSame(one: ControllerHandler, other: ControllerHandler): boolean {
  return methodOf(one) === methodOf(other);
}

function methodOf({method}: ControllerHandler): unknown {
  return (method.type.prototype as Record<string, unknown>)[method.member];
}

function extendsClass(one: MethodDescription, other: MethodDescription): boolean {
  return (one.type.prototype as object) instanceof other.type;
}
