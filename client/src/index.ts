export {SocketClient} from './socket-client';
export type {AnswerContext} from './answers';
export {CallError} from './call-error';
export type {CallErrorCode, ClientErrorCode} from './call-error';
export type {ClientState} from './connection';
export type {
  CallOptions,
  ClientCredentials,
  CredentialsReason,
  CredentialsSource,
  SocketClientOptions,
  UploadSource,
} from './options';
export type {
  AnswerHandler,
  AnswerNames,
  EventNames,
  Loose,
  Remote,
  StreamCall,
  StreamIterator,
} from './remote';
export type {Agrees} from '../../src/wire/agrees';
export type {CallsOf, EmitEvents, ListenEvents, Serves, Wire} from '../../src/wire/api';
export type {
  DrainingBody,
  ErrorBody,
  ErrorCode,
  ExpiringBody,
  Reply,
  UnauthorizedBody,
} from '../../src/wire/protocol';
