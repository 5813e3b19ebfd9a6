import type {Namespace, Socket} from 'socket.io';
import {PacketTypes, parserOf} from './packets';
import {clientOf} from './internals';
import {decodeReply, encodeReply} from './reply-codec';

/** An item of a stream, encoded when the method yields it: the method may change its objects later. */
export interface EncodedItem {
  /** Its JSON; `undefined` for an item with binary data, or with a parser of the application. */
  readonly text: string | undefined;
  /** A copy of the item, if it has no text. */
  readonly value: unknown;
  readonly bytes: number;
  /** Number of binary attachments. */
  readonly attachments: number;
  /** The application's id. */
  readonly id: string | null;
}

/** The result of a read, before it is encoded. */
interface Batch {
  readonly at: number;
  readonly items: readonly EncodedItem[];
  readonly done: boolean;
}

/** @throws Error when the item cannot be encoded. */
export function encodeItem(
  nsp: Namespace,
  item: unknown,
  id: string | null,
): EncodedItem {
  if (item !== undefined && isDefaultParser(nsp) && isPlain(item))
    return textItem(JSON.stringify(item), id);
  const encoded = encodeReply(nsp, [item]);
  const [text] = encoded;
  if (encoded.length === 1 && typeof text === 'string' && isDefaultParser(nsp)) {
    return textItem(text.slice(headOf(nsp.name).length + 1, -1), id);
  }
  const [value] = decodeReply(nsp, encoded);
  const bytes = encoded.reduce<number>((sum, part) => sum + lengthOf(part), 0);
  return {text: undefined, value, bytes, attachments: encoded.length - 1, id};
}

function textItem(text: string, id: string | null): EncodedItem {
  return {text, value: undefined, bytes: text.length, attachments: 0, id};
}

/**
 * Returns true for objects, arrays and values without `toJSON` and binary data, which socket.io's parser writes as
 * `JSON.stringify` does.
 */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object')
    return typeof value !== 'function' && typeof value !== 'symbol';
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    if (!isPlain((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/**
 * Answers a read.
 *
 * @throws Error when the application's own parser cannot encode the answer.
 */
export function sendItems({client, nsp}: Socket, id: number, batch: Batch): void {
  const texts = textsOf(batch.items);
  const encoded = texts
    ? [textOf(nsp.name, id, batch, texts)]
    : parserOf(nsp.server).encoder.encode({
        type: PacketTypes.ACK,
        nsp: nsp.name,
        id,
        data: [{result: resultOf(batch)}],
      });
  if (client.conn.readyState === 'open') {
    clientOf(client).writeToEngine(encoded, {compress: true});
  }
}

function isDefaultParser({server}: Namespace): boolean {
  return server._opts.parser === undefined;
}

/** The start of an answer's text, as socket.io's parser writes it. */
function headOf(namespace: string): string {
  return namespace === '/' ? `${PacketTypes.ACK}` : `${PacketTypes.ACK}${namespace},`;
}

/** Returns the JSON of all items; `undefined` when one of them has none, or without items. */
function textsOf(items: readonly EncodedItem[]): string[] | undefined {
  const texts: string[] = [];
  for (const {text} of items) {
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts.length > 0 ? texts : undefined;
}

/** Writes the answer without encoding its items again. */
function textOf(
  namespace: string,
  id: number,
  {at, items, done}: Batch,
  texts: string[],
): string {
  const ids = idsOf(items);
  const tracked = ids ? `"ids":${JSON.stringify(ids)},` : '';
  const list = texts.join(',');
  return `${headOf(namespace)}${id}[{"result":{"at":${at},"items":[${list}],${tracked}"done":${done}}}]`;
}

function resultOf({at, items, done}: Batch): object {
  const ids = idsOf(items);
  const values = items.map(({text, value}) =>
    text === undefined ? value : (JSON.parse(text) as unknown),
  );
  return {at, items: values, ...(ids && {ids}), done};
}

function idsOf(items: readonly EncodedItem[]): (string | null)[] | undefined {
  return items.some(({id}) => id !== null) ? items.map(({id}) => id) : undefined;
}

function lengthOf(part: unknown): number {
  const {length, byteLength = length} = part as {length?: number; byteLength?: number};
  return byteLength ?? 0;
}
