import {SocketEvents} from '../wire/protocol';
import {protocolName, PROTOCOL_SCHEMAS} from './protocol-schemas';
import type {MessageObject, Reference, SpecSchema} from './spec';

/** An event of this protocol, as each channel has it. */
export interface ProtocolOperation {
  readonly event: string;
  readonly action: 'receive' | 'send';
  readonly summary: string;
  /** The message that answers it, if one does. */
  readonly reply?: string;
}

const schemaOf = (name: string): Reference => ({
  $ref: `#/components/schemas/${protocolName(name)}`,
});

const resultOf = (result: SpecSchema | Reference): SpecSchema => ({
  type: 'object',
  properties: {result},
  required: ['result'],
});

const truth: SpecSchema = {const: true};
const yesOrNo: SpecSchema = {type: 'boolean'};

/** Returns the key of an event of this protocol in a document, whose keys have no `$`. */
export const protocolKey = (event: string) => protocolName(event.replace('$', ''));

/** The payloads of the messages that all channels share. */
const PAYLOADS: Readonly<Record<string, SpecSchema | Reference>> = {
  [SocketEvents.AUTHENTICATION]: {},
  [SocketEvents.AUTHENTICATED]: truth,
  [SocketEvents.UNAUTHORIZED]: schemaOf('UnauthorizedBody'),
  [SocketEvents.EXPIRING]: schemaOf('ExpiringBody'),
  [SocketEvents.DRAINING]: schemaOf('DrainingBody'),
  [SocketEvents.FAILED]: schemaOf('FailedBody'),
  [SocketEvents.CANCEL]: schemaOf('CancelBody'),
  [SocketEvents.NEXT]: schemaOf('NextBody'),
  [SocketEvents.STOP]: schemaOf('StopBody'),
  [SocketEvents.SEND]: schemaOf('SendBody'),
  'authentication.result': resultOf(truth),
  '$cancel.result': resultOf(yesOrNo),
  '$next.result': resultOf(schemaOf('StreamItems')),
  '$stop.result': resultOf(yesOrNo),
  '$send.result': resultOf(schemaOf('SentItems')),
  failure: {
    type: 'object',
    properties: {error: schemaOf('ErrorBody')},
    required: ['error'],
  },
};

/** The operations that each channel has, besides those of the application. */
export const PROTOCOL_OPERATIONS: readonly ProtocolOperation[] = [
  {
    event: SocketEvents.AUTHENTICATION,
    action: 'receive',
    summary: 'Authenticates the socket, or renews its authentication.',
    reply: 'authentication.result',
  },
  {
    event: SocketEvents.AUTHENTICATED,
    action: 'send',
    summary: 'The client can call methods.',
  },
  {
    event: SocketEvents.UNAUTHORIZED,
    action: 'send',
    summary: 'The authentication has failed or ended. The server disconnects the socket.',
  },
  {
    event: SocketEvents.EXPIRING,
    action: 'send',
    summary: 'The authentication ends soon.',
  },
  {event: SocketEvents.DRAINING, action: 'send', summary: 'The server is stopping.'},
  {
    event: SocketEvents.FAILED,
    action: 'send',
    summary: 'A call without an ack has failed.',
  },
  {
    event: SocketEvents.CANCEL,
    action: 'receive',
    summary: 'Cancels a call.',
    reply: '$cancel.result',
  },
  {
    event: SocketEvents.NEXT,
    action: 'receive',
    summary: 'Reads items of a stream.',
    reply: '$next.result',
  },
  {
    event: SocketEvents.STOP,
    action: 'receive',
    summary: 'Ends a stream.',
    reply: '$stop.result',
  },
  {
    event: SocketEvents.SEND,
    action: 'receive',
    summary: 'Sends items of an upload.',
    reply: '$send.result',
  },
];

/** The messages that all channels share, by their key. */
export const PROTOCOL_MESSAGES: Readonly<Record<string, MessageObject>> =
  Object.fromEntries(
    Object.entries(PAYLOADS).map(([name, payload]) => [
      protocolKey(name),
      {name, payload},
    ]),
  );

/** Returns the schemas of this protocol, by their key in the document. */
export function protocolSchemas(): Record<string, SpecSchema> {
  return Object.fromEntries(
    Object.entries(PROTOCOL_SCHEMAS).map(([name, schema]) => [
      protocolName(name),
      schema,
    ]),
  );
}
