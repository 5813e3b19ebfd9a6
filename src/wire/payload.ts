import {SocketErrors} from './refusals';
import type {SocketError} from './refusals';
import {isNested, isObject} from '../common/objects';
import {isRecordedPlain} from './json-text';
import {MAX_DEPTH} from './protocol';

/**
 * Returns an error for a client's value that is refused: it has a key that could change the prototype of an
 * object that it is merged into, or more levels than {@link MAX_DEPTH}.
 *
 * @param prohibited - More keys that are refused, as `prohibitedKeys` of REST's validation options.
 */
export function checkPayload(
  value: unknown,
  prohibited: readonly string[] = [],
): SocketError | undefined {
  return checkLevel(value, prohibited, MAX_DEPTH);
}

/**
 * Returns an error when a value of an event or an answer is refused.
 *
 * @param first - The first value to check: 1 for an event, which has its name before its arguments.
 */
export function checkValues(
  values: readonly unknown[],
  prohibited: readonly string[],
  first: 0 | 1,
): SocketError | undefined {
  if (prohibited.length === 0 && isRecordedPlain(values)) return undefined;
  for (let at = first; at < values.length; at++) {
    const refusal = checkPayload(values[at], prohibited);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkLevel(
  value: unknown,
  prohibited: readonly string[],
  levels: number,
): SocketError | undefined {
  if (!isNested(value)) return undefined;
  if (levels === 0) return SocketErrors.tooDeep();
  if (Array.isArray(value)) {
    for (const item of value) {
      const refusal = isNested(item) && checkLevel(item, prohibited, levels - 1);
      if (refusal) return refusal;
    }
    return undefined;
  }
  // Parsed JSON inherits no enumerable key; a list of the keys would take twice the time.
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (key === '__proto__') return SocketErrors.prohibitedKey(key);
    if (key === 'constructor' && hasPrototype(member)) {
      return SocketErrors.prohibitedKey('constructor.prototype');
    }
    if (prohibited.length > 0 && prohibited.some(pattern => isMatched(key, pattern))) {
      return SocketErrors.prohibitedKey(key);
    }
    const refusal = isNested(member) && checkLevel(member, prohibited, levels - 1);
    if (refusal) return refusal;
  }
  return undefined;
}

function hasPrototype(value: unknown): boolean {
  return isObject(value) && Object.keys(value).some(key => isMatched(key, 'prototype'));
}

/** Compares like REST: the pattern is a key, or the start of a path. */
function isMatched(key: string, pattern: string): boolean {
  return key === pattern || key.startsWith(`${pattern}.`);
}
