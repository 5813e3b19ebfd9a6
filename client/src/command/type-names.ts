/** Names of types that what is written refers to. */
const USED = ['ArrayBuffer', 'AsyncIterable', 'Uint8Array'];

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** `new(…)` in an interface is not a method of that name. */
const SPECIAL: ReadonlySet<string> = new Set(['new', 'constructor']);

/** Gives the types of a file different names. */
export class TypeNames {
  private readonly taken = new Set<string>(USED);

  /** Returns a name in PascalCase that reads like the given one. */
  add(wanted: string): string {
    const base = pascalCase(wanted);
    let name = base;
    for (let count = 2; this.taken.has(name); count++) name = `${base}${count}`;
    this.taken.add(name);
    return name;
  }
}

/** Returns a name that `json-schema-to-typescript` leaves as it is: of Latin letters and digits only. */
export function pascalCase(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .split(/[^A-Za-z0-9]+/);
  const joined = words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const letters = joined.replace(/\d[a-z]/g, pair => pair.toUpperCase());
  return /^[A-Z]/.test(letters) ? letters : `Type${letters}`;
}

/** Returns the name of a property as TypeScript writes it. */
export function propertyName(name: string): string {
  return IDENTIFIER.test(name) && !SPECIAL.has(name) ? name : quoted(name);
}

function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1);
  return escapeLineBreaks(`'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`);
}

/** Escapes the line breaks of Unicode: TypeScript 5.2 allows none in a string, as JavaScript does. */
export function escapeLineBreaks(source: string): string {
  return source.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
