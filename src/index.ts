import 'reflect-metadata';

export {SocketBooter, SOCKET_BOOTER_DEFAULTS} from './booters/socket.booter';
export {onSocketConnected} from './decorators/on-socket-connected.decorator';
export {onSocketDisconnected} from './decorators/on-socket-disconnected.decorator';
export {socketAuth} from './decorators/socket-auth.decorator';
export {socketController} from './decorators/socket-controller.decorator';
export {socketMethod} from './decorators/socket-method.decorator';
export type {
  AnsweringHandlerDecorator,
  HandlerDecorator,
} from './decorators/handler-types';
export type {
  SocketControllerMetadata,
  SocketDescription,
  SocketPushedEventMetadata,
  SocketEventMetadata,
  SocketMethodMetadata,
  SocketSchema,
} from './decorators/metadata';
export {withCall} from './invocation/with-call';
export type {WithCallOptions} from './invocation/with-call';
export {socketEvent} from './decorators/socket-event.decorator';
export type {SocketEventDecorator} from './decorators/socket-event.decorator';
export {asAsyncApiEnhancer, ASYNC_API_ENHANCERS} from './document/enhancers';
export type {AsyncApiEnhancer} from './document/enhancers';
export {exportAsyncApiSpec, getAsyncApiSpec} from './document/export';
export type {AsyncApiSpec} from './document/spec';
export {SocketBindings, SocketTags} from './keys';
export {
  MAX_ITEM_ID_LENGTH,
  MAX_READS,
  DEFAULT_READ_ITEMS,
  MAX_READ_ITEMS,
  MAX_READ_BYTES,
  MAX_UNTAKEN_BYTES,
} from './wire/items';
export {
  ErrorCodes,
  MAX_CALL_ID_LENGTH,
  MAX_CALL_REF_LENGTH,
  MAX_ATTACHMENTS,
  MAX_DEPTH,
  MAX_WAITING_CALLS,
  RESERVED_EVENTS,
  SocketEvents,
} from './wire/protocol';
export type {Agrees} from './wire/agrees';
export type {CallsOf, EmitEvents, ListenEvents, Serves, Wire} from './wire/api';
export type {
  NextBody,
  SendBody,
  SentItems,
  StopBody,
  StreamItems,
  StreamReply,
} from './wire/items';
export type {
  CallOptions,
  CancelBody,
  DrainingBody,
  ErrorBody,
  ErrorCode,
  ExpiringBody,
  FailedBody,
  Reply,
  UnauthorizedBody,
} from './wire/protocol';
export {feed} from './streams/feed';
export type {Feed, FeedOptions} from './streams/feed';
export {tracked} from './wire/tracked';
export type {Tracked} from './wire/tracked';
export {AskError} from './wire/ask-error';
export type {AskOptions} from './asks/options';
export type {AskAnswer, AskArguments, AskEvent, RoomAnswer} from './asks/types';
export type {AskedSocket} from './asks/targets';
export {SocketComponent} from './socket.component';
export type {PublishTarget} from './server/publishing';
export {SocketServer} from './server/socket.server';
// A value, because metadata of decorated methods names the class at run time.
export {Socket} from 'socket.io';
export type {DefaultEventsMap} from 'socket.io';
export {DEFAULT_SERVER_NAME} from './options/keys';
export {DEFAULT_SOCKET_COMPONENT_OPTIONS} from './options/component-options';
export type {SocketComponentOptions} from './options/component-options';
export {DEFAULT_SOCKET_SERVER_OPTIONS} from './options/server-options';
export type {
  ApplyCredentials,
  CallLimiter,
  NamespaceMatcher,
  RateLimiter,
  SocketAuthenticationOptions,
  SocketServerOptions,
} from './options/server-options';
export type {
  ConnectionHandler,
  DisconnectHandler,
  HandlerReference,
  LogSocketError,
  MethodHandler,
  ReadyHttpServer,
  SocketCall,
  SocketCallback,
  SocketFailureSource,
  SocketInvocationSource,
  SocketPayload,
  StartTarget,
} from './options/types';
