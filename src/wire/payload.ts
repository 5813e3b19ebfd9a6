import {SocketErrors} from './refusals';
import type {SocketError} from './refusals';
import {MAX_DEPTH} from './protocol';

/**
 * Says what is wrong with something that a client sent, if anything: keys that could change the
 * prototype of what it is merged into, or more levels than {@link MAX_DEPTH}.
 *
 * @param prohibited - Further keys, as `prohibitedKeys` of REST's validation options.
 */
export function checkPayload(
  value: unknown,
  prohibited: readonly string[] = [],
): SocketError | undefined {
  return checkLevel(value, prohibited, MAX_DEPTH);
}

/** Events whose text shows that there is nothing wrong with them. */
const plain = new WeakSet();

/** Args whose text is long. */
const long = new WeakSet();

/**
 * Takes note of what an event or an answer carries, whose text is long, and whether that is plain. An event
 * has its name before its arguments.
 */
export function noteLong(packet: object, isPlainText: boolean): void {
  if (isPlainText) plain.add(packet);
  const args = (packet as unknown[])[1];
  if (isNested(args)) long.add(args);
}

/** Whether args came as a long text, as is seen faster than their weight. */
export function isLong(args: unknown): boolean {
  return isNested(args) && long.has(args);
}

/**
 * Whether JSON of an event has neither too many levels nor anything that may be a key to be refused. In a
 * long text that is seen faster than in what it is parsed to.
 */
export function isPlain(json: string): boolean {
  // A key may be written with escapes; an event is an array around its arguments.
  const suspicious = ['__proto__', 'constructor', '\\u'].some(text =>
    json.includes(text),
  );
  return !suspicious && !isDeeper(json, MAX_DEPTH + 1);
}

/** Says what is wrong with the arguments of an event, if anything. */
export function checkArguments(
  packet: readonly unknown[],
  prohibited: readonly string[],
): SocketError | undefined {
  return checkFrom(1, packet, prohibited);
}

/** Says what is wrong with a client's answer to an event, if anything. */
export function checkAnswer(
  values: readonly unknown[],
  prohibited: readonly string[],
): SocketError | undefined {
  return checkFrom(0, values, prohibited);
}

function checkFrom(
  first: number,
  values: readonly unknown[],
  prohibited: readonly string[],
): SocketError | undefined {
  if (prohibited.length === 0 && plain.has(values)) return undefined;
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
  // Parsed JSON inherits nothing that can be enumerated; a list of its keys would cost twice the time.
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

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

function hasPrototype(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).some(key => isMatched(key, 'prototype'))
  );
}

/** REST's rule: the key itself, or a path that starts with it. */
function isMatched(key: string, pattern: string): boolean {
  return key === pattern || key.startsWith(`${pattern}.`);
}

/** Whether JSON has more levels than that, which is seen much faster than it is parsed. */
export function isDeeper(json: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '"':
        at = endOfString(json, at);
        break;
      case '[':
      case '{':
        if (++depth > levels) return true;
        break;
      case ']':
      case '}':
        depth--;
    }
  }
  return false;
}

/** Where a string ends that begins there. */
function endOfString(json: string, start: number): number {
  for (
    let end = json.indexOf('"', start + 1);
    end >= 0;
    end = json.indexOf('"', end + 1)
  ) {
    let backslash = end;
    while (json[backslash - 1] === '\\') backslash--;
    if ((end - backslash) % 2 === 0) return end;
  }
  return json.length;
}
