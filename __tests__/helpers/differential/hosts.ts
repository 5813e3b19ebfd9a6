import type {BoundValue, Provider} from '@loopback/core';
import type {Point} from './combinations';
import {decorate, INJECTIONS} from './injections';
import {Host} from './world';
import type {Seen, World} from './world';

/** A point with the names that it has in a world. */
export interface Placed {
  readonly point: Point;
  readonly name: string;
  readonly key: string;
  readonly tag: string;
}

/** The injections of a class. */
export interface Injected {
  /** To its constructor. */
  readonly given: readonly Placed[];
  /** To its properties. */
  readonly assigned: readonly Placed[];
}

const memberOf = ({name}: Placed) => name.replace(' ', '');

const seenOf = ({point}: Placed, value: unknown): Seen => ({
  value,
  read: INJECTIONS[point.injection].read,
});

/** A class that has that injected, and remembers it. */
export function hostClass(
  name: string,
  world: World,
  {given, assigned}: Injected,
  base: typeof Host = Host,
): typeof Host {
  const Made =
    given.length > 0 ? withConstructor(name, world, given, base) : inherited(base);
  Object.defineProperty(Made, 'name', {value: name});
  const prototype = Made.prototype as object;
  for (const placed of assigned) {
    const {point, key, tag} = placed;
    const member = memberOf(placed);
    if (point.place === 'setter') defineSetter(prototype, member, world);
    // Stands for an initial value, which LoopBack keeps where what is injected is undefined.
    else Object.defineProperty(prototype, member, {value: 'initial', writable: true});
    decorate(point.injection, {key, tag, world}, prototype, member);
  }
  const inner = Object.getOwnPropertyDescriptor(base.prototype, 'seen')!;
  Object.defineProperty(prototype, 'seen', {
    get(this: Host) {
      const values = this as unknown as Record<string, unknown>;
      const own = assigned.map((one): [string, Seen] => [
        one.name,
        seenOf(one, values[memberOf(one)]),
      ]);
      const others = inner.get!.call(this) as Record<string, Seen>;
      return {...others, ...Object.fromEntries(own)};
    },
  });
  return Made;
}

function withConstructor(
  name: string,
  world: World,
  given: readonly Placed[],
  base: typeof Host,
): typeof Host {
  const type = class extends base {
    constructor(...injected: unknown[]) {
      // As with a subclass that has a constructor of its own, its base's is given nothing.
      super();
      world.log(`new ${name}`);
      given.forEach((one, at) => {
        this.given[one.name] = seenOf(one, injected[at]);
      });
    }
  };
  given.forEach(({point, key, tag}, at) =>
    decorate(point.injection, {key, tag, world}, type, undefined, at),
  );
  return type;
}

/** A class without a constructor, whose base's is injected. */
function inherited(base: typeof Host): typeof Host {
  return class extends base {};
}

function defineSetter(prototype: object, member: string, world: World): void {
  const own = Symbol(member);
  Object.defineProperty(prototype, member, {
    get(this: Record<symbol, unknown>) {
      return this[own];
    },
    set(this: Record<symbol, unknown>, value: unknown) {
      world.log(`set ${member}`);
      this[own] = value;
    },
  });
}

/** A provider with such injections, and what it gives. */
export function providerHost(
  name: string,
  world: World,
  injected: Injected,
  value: (self: Host) => unknown,
): new () => Provider<BoundValue> {
  const type = hostClass(`${name}Provider`, world, injected);
  Object.defineProperty(type.prototype, 'value', {
    value(this: Host) {
      world.log(`${name}.value`);
      return value(this);
    },
  });
  return type as never;
}

/** A class whose static method gives a value, made of what it has injected. */
export function staticHost(name: string, world: World, given: readonly Placed[]) {
  const type = class extends Host {
    static value(...injected: unknown[]) {
      world.log(`${name}.value`);
      const host = new Host();
      given.forEach((one, at) => {
        host.given[one.name] = seenOf(one, injected[at]);
      });
      return host;
    }
  };
  given.forEach(({point, key, tag}, at) =>
    decorate(point.injection, {key, tag, world}, type, 'value', at),
  );
  return type;
}
