import type {DeclaredEvent} from '../invocation/declared-event';
import type {Handler} from '../invocation/handler';
import type {Endpoint} from '../server/endpoint';
import {DEFAULT_SERVER_NAME} from '../options/keys';
import {schemasOf} from './method-schemas';
import type {MethodSchemas} from './method-schemas';
import {addressOf} from './names';
import type {Keys} from './names';
import {isHidden, isHiddenEvent, operationLink, tagsOf, textsOf} from './operation-texts';
import {protocolKey, PROTOCOL_MESSAGES, PROTOCOL_OPERATIONS} from './protocol-messages';
import type {ProtocolOperation} from './protocol-messages';
import type {SpecSchemas} from './schemas';
import type {
  AsyncApiSpec,
  ChannelObject,
  MessageObject,
  OperationObject,
  Reference,
  SpecSchema,
} from './spec';

/** The keys of a document's parts, which are shared by its channels. */
export interface SpecKeys {
  readonly channels: Keys;
  readonly operations: Keys;
  readonly messages: Keys;
}

/** Writes one named server into a document: its channel, its methods and its events. */
export class ChannelWriter {
  private readonly key: string;
  private readonly channel: ChannelObject;
  private readonly security: Reference[] | undefined;

  /** @param security - The key of the security scheme; `undefined` for a server that accepts everybody. */
  constructor(
    private readonly spec: AsyncApiSpec,
    private readonly endpoint: Endpoint,
    private readonly schemas: SpecSchemas,
    private readonly keys: SpecKeys,
    security: string | undefined,
  ) {
    const {name, options} = endpoint;
    const namespace = options.namespace ?? (this.isDefault ? '/' : `/${name}`);
    const {address, parameters} = addressOf(namespace);
    this.key = keys.channels.add(this.isDefault ? 'default' : name);
    this.security =
      security === undefined
        ? undefined
        : [{$ref: `#/components/securitySchemes/${security}`}];
    this.channel = {
      address,
      title: name,
      servers: [{$ref: '#/servers/default'}],
      ...(parameters.length > 0 && {
        parameters: Object.fromEntries(
          parameters.map(one => [one, {description: `Matched by ${String(namespace)}.`}]),
        ),
      }),
      messages: Object.fromEntries(
        Object.keys(PROTOCOL_MESSAGES).map(message => [
          message,
          {$ref: `#/components/messages/${message}`},
        ]),
      ),
      'x-socket.io': {
        namespace: typeof namespace === 'string' ? namespace : patternOf(namespace),
        ...(this.isDefault && {default: true}),
      },
    };
    spec.channels[this.key] = this.channel;
  }

  /** Writes the application's operations first, and then those of the protocol. */
  write(): void {
    const {methods, events} = this.endpoint.handlers;
    const reserved = PROTOCOL_OPERATIONS.map(({event}) => this.keyOf(protocolKey(event)));
    for (const [name, handler] of methods) {
      if (!isHidden(handler)) this.writeMethod(name, handler);
    }
    for (const [name, event] of events) {
      if (!isHiddenEvent(event)) this.writeEvent(name, event);
    }
    PROTOCOL_OPERATIONS.forEach((operation, at) =>
      this.writeProtocol(reserved[at], operation),
    );
  }

  private writeProtocol(
    key: string,
    {event, action, summary, reply}: ProtocolOperation,
  ): void {
    this.add(key, event, {
      action,
      summary,
      messages: [this.messageRef(protocolKey(event))],
      ...(reply !== undefined && this.replyOf(protocolKey(reply))),
      'x-socket.io': {
        event,
        ack: reply === undefined ? 'none' : 'reply',
        protocol: true,
      },
    });
  }

  private get isDefault(): boolean {
    return this.endpoint.name === DEFAULT_SERVER_NAME;
  }

  private writeMethod(event: string, handler: Handler): void {
    const {method, label} = handler;
    const described = schemasOf(handler);
    const {args, use, streams, uploads} = described;
    const payload = use === 'none' ? {type: 'null'} : this.schemas.describe(args, label);
    const texts = textsOf(method ?? {}, method?.operation?.spec);
    const message = this.addMessage(event, event, payload, method?.examples);
    const reply = streams
      ? this.addMessage(
          `${event}.item`,
          event,
          this.schemas.describe(described.item, label),
        )
      : this.addMessage(`${event}.result`, event, this.resultOf(described, label));
    const link = method && operationLink(method);
    this.add(this.keyOf(event), event, {
      action: 'receive',
      ...texts,
      tags: tagsOf(method, method?.type.name),
      ...(this.security && {security: this.security}),
      messages: [message],
      ...this.replyOf(reply),
      'x-socket.io': {
        event,
        ack: streams ? 'stream' : 'reply',
        args: use,
        ...(uploads && {upload: true}),
      },
      ...(link !== undefined && {'x-openapi-operation': link}),
    });
  }

  private writeEvent(event: string, {label, metadata, type}: DeclaredEvent): void {
    const {answer, examples, payload} = metadata;
    const schema = this.schemas.describe(payload, label);
    const asks = answer !== undefined;
    const reply = asks
      ? this.addMessage(`${event}.result`, event, {
          type: 'object',
          properties: {result: this.schemas.describe(answer, label)},
          required: ['result'],
        })
      : undefined;
    this.add(this.keyOf(event), event, {
      action: 'send',
      ...textsOf(metadata),
      tags: tagsOf(metadata, type.name),
      messages: [this.addMessage(event, event, schema, examples)],
      ...(reply && this.replyOf(reply)),
      'x-socket.io': {event, ack: asks ? 'reply' : 'none'},
    });
  }

  private resultOf({result}: MethodSchemas, label: string): SpecSchema {
    return {
      type: 'object',
      properties: {result: this.schemas.describe(result, label)},
      ...(result !== undefined && {required: ['result']}),
    };
  }

  private keyOf(name: string): string {
    return this.keys.operations.add(this.nameOf(name));
  }

  private add(
    key: string,
    event: string,
    operation: Omit<OperationObject, 'channel' | 'title'>,
  ): void {
    const {action, ...rest} = operation;
    this.spec.operations[key] = {
      action,
      channel: {$ref: `#/channels/${this.key}`},
      title: event,
      ...rest,
    };
  }

  private addMessage(
    name: string,
    event: string,
    payload: SpecSchema,
    examples?: readonly unknown[],
  ): Reference {
    const key = this.keys.messages.add(this.nameOf(name));
    const message: MessageObject = {name: event, title: name, payload};
    const shown = (examples ?? [])
      .map(example => this.schemas.example(example, event))
      .filter(example => example !== undefined);
    if (shown.length > 0) message.examples = shown.map(payload => ({payload}));
    this.spec.components.messages[key] = message;
    this.channel.messages[key] = {$ref: `#/components/messages/${key}`};
    return this.messageRef(key);
  }

  private replyOf(reply: string | Reference): Pick<OperationObject, 'reply'> {
    const result = typeof reply === 'string' ? this.messageRef(reply) : reply;
    return {
      reply: {
        channel: {$ref: `#/channels/${this.key}`},
        messages: [result, this.messageRef(protocolKey('failure'))],
      },
    };
  }

  private messageRef(key: string): Reference {
    return {$ref: `#/channels/${this.key}/messages/${key}`};
  }

  /** Returns the name of a part among those of all servers. */
  private nameOf(event: string): string {
    return this.isDefault ? event : `${this.endpoint.name}.${event}`;
  }
}

function patternOf(namespace: unknown): object {
  return namespace instanceof RegExp
    ? {pattern: namespace.source, flags: namespace.flags}
    : {pattern: null};
}
