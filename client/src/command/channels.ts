import {byCodeUnits, isObject} from './objects';
import type {JsonObject} from './objects';
import type {SpecDocument} from './spec-document';

/** A method, an event or an ask of the application. */
export interface Described {
  readonly event: string;
  readonly kind: 'method' | 'stream' | 'event' | 'ask';
  readonly args: 'none' | 'optional' | 'required';
  /** The schema of the args, or of the event's payload. */
  readonly payload: unknown;
  /** The schema of the result, the item or the answer; `undefined` when there is none. */
  readonly answer: unknown;
  readonly texts: JsonObject;
}

/** A named server. */
export interface Channel {
  readonly key: string;
  readonly isDefault: boolean;
  readonly operations: readonly Described[];
}

const FAILURE = '/messages/socket.failure';

/** Returns the named servers of a document, the default one first, with all that they offer, sorted by name. */
export function readChannels(document: SpecDocument): Channel[] {
  const operations = new Map<unknown, Described[]>();
  let foreign: string | undefined;
  for (const [key, value] of Object.entries(document.operations)) {
    const place = `operations.${key}`;
    const operation = document.resolve(value, place);
    const {action, channel} = operation;
    const {'x-socket.io': socketIo} = operation;
    const target = document.resolve(channel, `${place}.channel`);
    if (action !== 'send' && action !== 'receive') {
      throw document.invalid(`${place}.action`, 'it is neither "send" nor "receive"');
    }
    if (!isObject(socketIo) || typeof socketIo.event !== 'string') {
      foreign ??= place;
      continue;
    }
    const all = operations.get(target) ?? [];
    operations.set(target, all);
    // The events of the protocol are part of the client.
    if (socketIo.protocol === true) continue;
    all.push(describe(document, operation, socketIo, place));
  }
  if (operations.size === 0 && foreign !== undefined) {
    throw document.invalid(foreign, 'it has no x-socket.io, as loopback4-socket writes');
  }
  return Object.entries(document.channels)
    .map(([key, value]) => {
      const channel = document.resolve(value, `channels.${key}`);
      const own = operations.get(channel) ?? [];
      own.sort((one, other) => byCodeUnits(one.event, other.event));
      const {'x-socket.io': socketIo} = channel;
      const isDefault = isObject(socketIo) && socketIo.default === true;
      return {key, isDefault, operations: own};
    })
    .sort((one, other) => rank(one) - rank(other) || byCodeUnits(one.key, other.key));
}

const rank = ({isDefault}: Channel) => Number(!isDefault);

function describe(
  document: SpecDocument,
  operation: JsonObject,
  {event, ack, args}: JsonObject,
  place: string,
): Described {
  const {action, messages, reply} = operation;
  const message = messagesOf(document, messages, `${place}.messages`).at(0);
  const payload = message?.payload;
  const answer = reply === undefined ? undefined : answerOf(document, reply, place);
  const isStream = ack === 'stream';
  const value = isStream ? answer : resultOf(document, answer, `${place}.reply`);
  const common = {event: event as string, payload, answer: value, texts: operation};
  if (action === 'send') {
    return {...common, kind: reply === undefined ? 'event' : 'ask', args: 'required'};
  }
  const use = args === 'none' || args === 'required' ? args : 'optional';
  return {...common, kind: isStream ? 'stream' : 'method', args: use};
}

/** Returns the schema of the message that answers, which is not that of a failure. */
function answerOf(document: SpecDocument, reply: unknown, place: string): unknown {
  const {messages} = document.resolve(reply, `${place}.reply`);
  const all = listOf(document, messages, `${place}.reply.messages`);
  const answering = all.filter(message => !isFailure(message));
  const found = messagesOf(document, answering, `${place}.reply.messages`);
  return found.at(0)?.payload;
}

function isFailure(message: unknown): boolean {
  const reference = isObject(message) && message.$ref;
  return typeof reference === 'string' && reference.endsWith(FAILURE);
}

/** Returns the schema of `result` in an answer `{result}`. */
function resultOf(document: SpecDocument, answer: unknown, place: string): unknown {
  if (!isObject(answer)) return undefined;
  const {properties} = document.resolve(answer, place);
  return isObject(properties) && Object.hasOwn(properties, 'result')
    ? properties.result
    : undefined;
}

function messagesOf(
  document: SpecDocument,
  messages: unknown,
  place: string,
): JsonObject[] {
  const all = listOf(document, messages, place);
  return all.map((one, at) => document.resolve(one, `${place}.${at}`));
}

function listOf(
  document: SpecDocument,
  list: unknown = [],
  place: string,
): readonly unknown[] {
  if (!Array.isArray(list)) throw document.invalid(place);
  return list;
}
