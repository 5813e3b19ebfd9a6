import {isObject} from './objects';
import type {JsonObject} from './objects';
import {Problem} from './problem';

/** An AsyncAPI document of version 3, whose references can be followed. */
export class SpecDocument {
  readonly channels: JsonObject;
  readonly operations: JsonObject;
  readonly schemas: JsonObject;

  /**
   * @param from - Where the document comes from, for messages.
   * @throws {Problem} when the value is no such document.
   */
  constructor(
    private readonly root: unknown,
    private readonly from: string,
  ) {
    if (!isObject(root)) throw this.problem('is not an AsyncAPI document');
    const {asyncapi, channels = {}, components = {}, operations = {}} = root;
    if (typeof asyncapi !== 'string') {
      const isOpenApi = 'openapi' in root || 'swagger' in root;
      throw this.problem(
        isOpenApi ? 'is an OpenAPI document' : 'is not an AsyncAPI document',
      );
    }
    if (!/^3\.\d/.test(asyncapi)) {
      throw this.problem(`is AsyncAPI ${asyncapi}, and version 3 is needed`);
    }
    if (!isObject(channels)) throw this.invalid('channels');
    if (!isObject(operations)) throw this.invalid('operations');
    if (!isObject(components)) throw this.invalid('components');
    const {schemas = {}} = components;
    if (!isObject(schemas)) throw this.invalid('components.schemas');
    this.channels = channels;
    this.operations = operations;
    this.schemas = schemas;
  }

  /**
   * Follows references until a part of the document.
   *
   * @param place - Where the value is, for messages.
   * @throws {Problem} when there is none, or none that is an object.
   */
  resolve(value: unknown, place: string): JsonObject {
    const seen = new Set<string>();
    let target = value;
    while (isObject(target) && typeof target.$ref === 'string') {
      const {$ref} = target;
      if (seen.has($ref)) throw this.invalid(place, `${$ref} refers to itself`);
      seen.add($ref);
      target = this.find($ref, place);
    }
    if (!isObject(target)) throw this.invalid(place);
    return target;
  }

  /** Returns the part that a reference names. */
  find(reference: string, place: string): unknown {
    if (!reference.startsWith('#/')) {
      throw this.invalid(place, `it refers to another document, ${reference}`);
    }
    let part: unknown = this.root;
    for (const key of keysOf(reference)) {
      const isThere = isObject(part) && Object.hasOwn(part, key);
      if (!isThere) throw this.invalid(place, `${reference} does not exist`);
      part = (part as JsonObject)[key];
    }
    return part;
  }

  invalid(place: string, reason = 'it is missing or of a wrong type'): Problem {
    return new Problem(
      `${this.from} is not a valid AsyncAPI document: ${place}: ${reason}. Validate it, for example with @asyncapi/cli.`,
    );
  }

  private problem(what: string): Problem {
    return new Problem(
      `${this.from} ${what}. Give the document of a loopback4-socket server, which it serves as /asyncapi.json.`,
    );
  }
}

/** Returns the keys of a JSON pointer after `#`. */
export function keysOf(reference: string): string[] {
  return reference
    .slice(2)
    .split('/')
    .map(key => decoded(key).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
