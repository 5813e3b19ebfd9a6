import type {Namespace, Socket} from 'socket.io';
import {PacketTypes, parserOf} from './packets';
import {clientOf} from './internals';
import {copyPlain} from './plain-copy';
import {decodeReply, encodeReply} from './reply-codec';

/** An item of a stream as it is when the method yields it: the method may change its objects later. */
export interface EncodedItem {
  /** Its JSON; `undefined` for an item that is a copy. */
  readonly text: string | undefined;
  /** A copy of the item, if it has no text: it is plain data, has binary data, or the application has a parser. */
  readonly copy: unknown;
  /** True for a copy of plain data, which becomes JSON with the other items of its answer: faster than one by one. */
  readonly isPlain: boolean;
  /** The length on the wire, about. */
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
  const isText = isDefaultParser(nsp);
  const plain = isText ? copyPlain(item) : undefined;
  if (plain) {
    const {bytes, copy} = plain;
    return {text: undefined, copy, isPlain: true, bytes, attachments: 0, id};
  }
  const encoded = encodeReply(nsp, [item]);
  const attachments = encoded.length - 1;
  const [json] = encoded;
  if (attachments === 0 && typeof json === 'string' && isText) {
    const text = json.slice(headOf(nsp.name).length + 1, -1);
    const {length: bytes} = text;
    return {text, copy: undefined, isPlain: false, bytes, attachments, id};
  }
  const [copy] = decodeReply(nsp, encoded);
  const bytes = encoded.reduce<number>((sum, part) => sum + lengthOf(part), 0);
  return {text: undefined, copy, isPlain: false, bytes, attachments, id};
}

/**
 * Answers a read.
 *
 * @throws Error when the application's own parser cannot encode the answer.
 */
export function sendItems({client, nsp}: Socket, id: number, batch: Batch): void {
  const list = listOf(batch.items);
  const encoded = list
    ? [textOf(nsp.name, id, batch, list)]
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
function listOf(items: readonly EncodedItem[]): string | undefined {
  if (items.length === 0) return undefined;
  if (items.every(({isPlain}) => isPlain)) {
    return JSON.stringify(items.map(({copy}) => copy));
  }
  const texts: string[] = [];
  for (const {text, copy, isPlain} of items) {
    if (text === undefined && !isPlain) return undefined;
    texts.push(text ?? JSON.stringify(copy));
  }
  return `[${texts.join(',')}]`;
}

/** Writes the answer without encoding its items again. */
function textOf(
  namespace: string,
  id: number,
  {at, items, done}: Batch,
  list: string,
): string {
  const ids = idsOf(items);
  const tracked = ids ? `"ids":${JSON.stringify(ids)},` : '';
  return `${headOf(namespace)}${id}[{"result":{"at":${at},"items":${list},${tracked}"done":${done}}}]`;
}

function resultOf({at, items, done}: Batch): object {
  const ids = idsOf(items);
  const values = items.map(({text, copy}) =>
    text === undefined ? copy : (JSON.parse(text) as unknown),
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
