import {componentOf} from '../validation/argument-schema';

/** Returns the first reference of a schema to none that is known. */
export function missingReference(
  schema: string,
  isKnown: (name: string) => boolean,
): string | undefined {
  return referencesOf(schema).find(reference => {
    const name = componentOf(reference);
    return name === undefined || !isKnown(name);
  });
}

/** Returns true when a schema refers to one of the names. */
export function referTo(schema: string, names: ReadonlySet<string>): boolean {
  return names.size > 0 && referencesOf(schema).some(one => isTo(one, names));
}

/** Returns a schema whose references to the names have a suffix: `#/components/schemas/Name_2`. */
export function withSuffix(
  schema: string,
  names: ReadonlySet<string>,
  suffix: string,
): string {
  if (names.size === 0) return schema;
  const changed: unknown = JSON.parse(schema, (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' && isTo(value, names)
      ? value.replace(/^(#\/components\/schemas\/[^/]+)/, `$1${suffix}`)
      : value,
  );
  return JSON.stringify(changed);
}

function isTo(reference: string, names: ReadonlySet<string>): boolean {
  const name = componentOf(reference);
  return name !== undefined && names.has(name);
}

function referencesOf(schema: string): string[] {
  const references: string[] = [];
  if (!schema.includes('"$ref"')) return references;
  JSON.parse(schema, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') references.push(value);
    return value;
  });
  return references;
}
