import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Server as IoServer, Socket} from 'socket.io';
import type {WebSocket} from 'ws';

/** A transport of Engine.IO's. */
interface TransportInternals {
  readonly name: string;
  /** Called with each request's payload. */
  onData: (data: string | Buffer) => void;
  /** Called with each packet of it. */
  onPacket: (packet: {readonly data?: unknown}) => void;
  send: (packets: readonly object[]) => void;
  /** On polling: the response to the request that waits. */
  readonly res: ServerResponse;
  /** On polling: writes that response, and calls back when the next request may come. */
  doWrite: (
    data: string | Buffer,
    options: object,
    written: (error?: Error) => void,
  ) => void;
}

/** Most bytes of a request. Engine.IO 6.6.13 and later keep it in the options of each transport. */
interface RequestLimit {
  maxHttpBufferSize: number;
}

/** Returns the object that holds a polling transport's limit of bytes. */
export function requestLimitOf(connection: Socket['conn']): RequestLimit {
  const transport = connection.transport as unknown as RequestLimit & {
    opts?: RequestLimit;
  };
  return transport.opts ?? transport;
}

export function transportOf(connection: Socket['conn']): TransportInternals {
  return connection.transport as unknown as TransportInternals;
}

/** The `ws` of a websocket transport. */
export function webSocketOf(connection: Socket['conn']): WebSocket | undefined {
  return (connection.transport as {socket?: WebSocket}).socket;
}

/** Returns the message reader of a websocket, as `ws` has it; `undefined` for another engine. */
export function receiverOf(
  connection: Socket['conn'],
): {_maxPayload: number} | undefined {
  const client = webSocketOf(connection) as
    {_receiver?: {_maxPayload: number}} | undefined;
  return client?._receiver;
}

/** Returns the function that answers the last request of a closing polling transport. */
export function closingOf(
  transport: Socket['conn']['transport'],
): (() => void) | null | undefined {
  return (transport as {shouldClose?: (() => void) | null}).shouldClose;
}

/** A request as Engine.IO passes it on. */
export interface EngineRequest extends IncomingMessage {
  _query?: {readonly sid?: string; readonly transport?: string; readonly j?: string};
  /** The websocket, after the upgrade. */
  websocket?: object;
}

interface EngineInternals {
  /** Returns the error that a request is answered with, if any. */
  verify: (
    request: EngineRequest,
    upgrade: boolean,
    answer: (
      code?: number,
      context?: {readonly message?: string | null | undefined},
    ) => void,
  ) => void;
}

/** Engine.IO's error with the answer HTTP 400. */
export const BAD_REQUEST = 3;

/** Engine.IO's error with the answer HTTP 403. */
export const FORBIDDEN = 4;

export function engineOf(engine: IoServer['engine']): EngineInternals {
  return engine as unknown as EngineInternals;
}
