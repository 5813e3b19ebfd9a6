import {isNested} from '../common/objects';
import {MAX_DEPTH} from './protocol';

/** Events and answers whose JSON has nothing to be refused. */
const plain = new WeakSet();

/** Args whose JSON is long. */
const long = new WeakSet();

/**
 * Records that the JSON of an event or an answer is long. An event has its name before its arguments.
 *
 * @param isPlainText - See {@link isPlain}.
 */
export function recordLong(packet: object, isPlainText: boolean): void {
  if (isPlainText) plain.add(packet);
  const args = (packet as unknown[])[1];
  if (isNested(args)) long.add(args);
}

/** Returns true if args came as long JSON; their weight would take longer to count. */
export function isLong(args: unknown): boolean {
  return isNested(args) && long.has(args);
}

/** Returns true if an event or an answer was recorded as one with nothing to be refused. */
export function isRecordedPlain(packet: object): boolean {
  return plain.has(packet);
}

/**
 * Returns true if the JSON of an event has neither too many levels nor a key that may be refused. In long
 * JSON the text is faster to check than the parsed value.
 */
export function isPlain(json: string): boolean {
  // A key may be written with escapes; an event is an array around its arguments.
  const suspicious = ['__proto__', 'constructor', '\\u'].some(text =>
    json.includes(text),
  );
  return !suspicious && !isDeeper(json, MAX_DEPTH + 1);
}

/** Returns true if JSON has more levels than that; much faster than parsing it. */
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

/** Returns the place of the quote that ends the string which starts there. */
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
