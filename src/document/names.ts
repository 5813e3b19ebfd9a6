/** Characters that the keys of AsyncAPI's components may not have. */
const OTHERS = /[^a-zA-Z0-9._-]/g;

/** Names that each JavaScript object has, such as `__proto__`: tools read them wrongly when they are keys. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** Gives parts of a document keys that are valid and different, whatever the names of events are. */
export class Keys {
  private readonly taken: Set<string>;

  /** @param taken - Keys that exist already. */
  constructor(taken: readonly string[] = []) {
    this.taken = new Set([...INHERITED, ...taken]);
  }

  /** Returns a key that reads like the name. */
  add(name: string): string {
    const base = name.replace(OTHERS, '_') || '_';
    let key = base;
    for (let count = 2; this.taken.has(key); count++) key = `${base}_${count}`;
    this.taken.add(key);
    return key;
  }
}

/** The address of a channel, and its parameters. */
export interface Address {
  readonly address: string | null;
  readonly parameters: readonly string[];
}

/** A group of a regular expression, perhaps with a name. */
const GROUP = /^\((?:\?<(\w+)>)?.*\)$/;

/**
 * Returns the address of a namespace. Of a pattern such as `/^\/tenants\/(?<tenant>\w+)$/` it is
 * `/tenants/{tenant}`; `null` of a pattern that does not consist of segments.
 */
export function addressOf(namespace: unknown): Address {
  if (typeof namespace === 'string') return {address: namespace, parameters: []};
  if (!(namespace instanceof RegExp)) return {address: null, parameters: []};
  const {source} = namespace;
  const isWhole = source.startsWith('^\\/') && source.endsWith('$');
  const segments = source.slice(3, -1).split('\\/');
  // An alternative may cross the segments.
  if (!isWhole || source.includes('|')) return {address: null, parameters: []};
  const parameters: string[] = [];
  const keys = new Keys();
  const address = segments.map(segment => {
    if (/^[\w-]*$/.test(segment)) return segment;
    const named = GROUP.exec(segment)?.[1] ?? `parameter${parameters.length + 1}`;
    const name = keys.add(named);
    parameters.push(name);
    return `{${name}}`;
  });
  return {address: `/${address.join('/')}`, parameters};
}
