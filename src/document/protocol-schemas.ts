import {DEFAULT_READ_ITEMS, MAX_ITEM_ID_LENGTH, MAX_READ_ITEMS} from '../wire/items';
import {ErrorCodes, MAX_CALL_ID_LENGTH, MAX_CALL_REF_LENGTH} from '../wire/protocol';
import type {SpecSchema} from './spec';

const text: SpecSchema = {type: 'string'};
const anything: SpecSchema = {};
const time: SpecSchema = {type: 'number', minimum: 0, description: 'In ms.'};
const count: SpecSchema = {type: 'integer', minimum: 0};
const status: SpecSchema = {type: 'integer', minimum: 400, maximum: 599};

/** A code of this package, or one of the application's. */
const code: SpecSchema = {
  anyOf: [{type: 'string', enum: Object.values(ErrorCodes)}, text],
};

/** Returns an object's schema; a name that ends with `?` is optional. */
function objectOf(members: Record<string, SpecSchema>, description: string): SpecSchema {
  const entries = Object.entries(members);
  const required = entries.map(([name]) => name).filter(name => !name.endsWith('?'));
  return {
    type: 'object',
    description,
    properties: Object.fromEntries(
      entries.map(([name, schema]) => [name.replace('?', ''), schema]),
    ),
    ...(required.length > 0 && {required}),
  };
}

/** The names of this protocol's schemas in a document; models have names without a dot. */
export const protocolName = (name: string) => `socket.${name}`;

/** The schemas of this protocol's own messages: see docs/protocol.md. */
export const PROTOCOL_SCHEMAS: Readonly<Record<string, SpecSchema>> = {
  ErrorBody: objectOf(
    {
      statusCode: status,
      'name?': text,
      message: text,
      'code?': code,
      'details?': anything,
    },
    'An error, as the REST API sends it.',
  ),
  UnauthorizedBody: objectOf(
    {message: text, statusCode: status, 'code?': code},
    'The reason why an authentication failed or ended.',
  ),
  ExpiringBody: objectOf(
    {expiresAt: {type: 'number', description: 'In ms since 1970.'}},
    'The end of the authentication.',
  ),
  DrainingBody: objectOf(
    {reconnectAfter: time},
    'The time after which the client connects again.',
  ),
  FailedBody: objectOf(
    {event: text, error: anything},
    'A call without an ack that has failed.',
  ),
  CallOptions: objectOf(
    {
      'id?': {type: 'string', maxLength: MAX_CALL_ID_LENGTH},
      'ref?': {type: 'string', maxLength: MAX_CALL_REF_LENGTH},
      'timeout?': {type: 'number', exclusiveMinimum: 0, description: 'In ms.'},
      'after?': {type: 'string', maxLength: MAX_ITEM_ID_LENGTH},
      'upload?': {type: 'boolean'},
      'traceparent?': text,
    },
    'The options of a call: its second argument is {$call: options}.',
  ),
  CancelBody: {
    description: 'The call to cancel.',
    anyOf: [
      objectOf({ref: text}, 'By its ref.'),
      objectOf({method: text, id: text}, 'By its id.'),
    ],
  },
  NextBody: objectOf(
    {
      stream: text,
      got: {...count, description: 'Number of items that the client has.'},
      'max?': {
        type: 'integer',
        minimum: 1,
        maximum: MAX_READ_ITEMS,
        default: DEFAULT_READ_ITEMS,
      },
      'wait?': time,
      'again?': {type: 'boolean'},
    },
    'A read of a stream.',
  ),
  StreamItems: objectOf(
    {
      at: count,
      items: {type: 'array', items: anything},
      'ids?': {type: 'array', items: {type: ['string', 'null']}},
      done: {type: 'boolean'},
    },
    'Items of a stream.',
  ),
  StopBody: objectOf({stream: text}, 'The stream to end.'),
  SendBody: objectOf(
    {
      ref: text,
      at: count,
      items: {type: 'array', items: anything},
      'done?': {type: 'boolean'},
    },
    'Items of an upload.',
  ),
  SentItems: objectOf({got: count}, 'The number of items that the server has.'),
};
