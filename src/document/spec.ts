/** The parts of an AsyncAPI 3.1 document that this package writes. Enhancers may add others. */

/** A JSON Schema, as AsyncAPI's schema objects are. */
export type SpecSchema = Readonly<Record<string, unknown>>;

/** A reference to another part of the document. */
export interface Reference {
  readonly $ref: string;
}

/** Extensions begin with `x-`. */
interface Extensible {
  [extension: `x-${string}`]: unknown;
}

/** A message: what a client or the server sends. */
export interface MessageObject extends Extensible {
  name: string;
  title?: string;
  summary?: string;
  payload?: SpecSchema | Reference;
  examples?: {payload: unknown}[];
}

/** One named server: its namespace and its messages. */
export interface ChannelObject extends Extensible {
  /** The namespace, with `{name}` for each parameter of a pattern; `null` when it is not known. */
  address: string | null;
  title: string;
  servers: Reference[];
  parameters?: Record<string, {description: string}>;
  messages: Record<string, Reference>;
  bindings?: Record<string, object>;
}

/** A method, a pushed event or an ask, from the server's point of view. */
export interface OperationObject extends Extensible {
  /** `receive` when the client sends, `send` when the server sends. */
  action: 'receive' | 'send';
  channel: Reference;
  title: string;
  summary?: string;
  description?: string;
  tags?: {name: string}[];
  security?: Reference[];
  messages: Reference[];
  reply?: {channel: Reference; messages: Reference[]};
}

/** Where the socket.io server listens. */
export interface ServerObject extends Extensible {
  host: string;
  variables?: Record<string, {default: string; description?: string}>;
  protocol: string;
  pathname: string;
  description?: string;
  security?: Reference[];
  bindings?: Record<string, object>;
}

/** An AsyncAPI 3.1 document. */
export interface AsyncApiSpec extends Extensible {
  asyncapi: '3.1.0';
  id?: string;
  info: {title: string; version: string; description?: string} & Record<string, unknown>;
  defaultContentType: string;
  servers: Record<string, ServerObject>;
  channels: Record<string, ChannelObject>;
  operations: Record<string, OperationObject>;
  components: {
    schemas: Record<string, SpecSchema>;
    messages: Record<string, MessageObject>;
    securitySchemes: Record<string, object>;
  };
}
