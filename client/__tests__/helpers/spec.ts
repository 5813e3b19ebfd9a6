/** One part of a document of the test: a method, an event or an ask. */
export interface Part {
  readonly event: string;
  readonly action?: 'receive' | 'send';
  readonly channel?: string;
  readonly ack?: 'reply' | 'stream' | 'none';
  readonly args?: 'none' | 'optional' | 'required';
  /** True for an event that is part of each client. */
  readonly protocol?: boolean;
  readonly payload?: unknown;
  /** The schema of the result, the item or the answer. */
  readonly answer?: unknown;
  readonly texts?: object;
}

/** A document as a server writes it, of parts that no server can have. */
export function givenSpec(
  parts: readonly Part[],
  schemas: object = {},
  channels: readonly string[] = ['default'],
) {
  const messages: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  parts.forEach((part, at) => {
    const {event, payload, answer, texts} = part;
    const {action = 'receive', channel = 'default', ack = 'reply', args, protocol} = part;
    messages[`m${at}`] = {name: event, payload};
    messages[`m${at}.answer`] = {
      payload: ack === 'stream' ? answer : {type: 'object', properties: {result: answer}},
    };
    const target = {$ref: `#/channels/${channel}`};
    const replied = {
      channel: target,
      messages: [
        {$ref: '#/components/messages/socket.failure'},
        {$ref: `#/components/messages/m${at}.answer`},
      ],
    };
    operations[`o${at}`] = {
      action,
      channel: target,
      ...texts,
      messages: [{$ref: `#/components/messages/m${at}`}],
      ...(ack !== 'none' && {reply: replied}),
      'x-socket.io': {event, ack, args, protocol},
    };
  });
  messages['socket.failure'] = {payload: {}};
  return {
    asyncapi: '3.1.0',
    info: {title: 'Test', version: '1.0.0'},
    channels: Object.fromEntries(
      channels.map(name => [
        name,
        {address: `/${name}`, 'x-socket.io': {default: name === 'default'}},
      ]),
    ),
    operations,
    components: {messages, schemas},
  };
}
