import 'reflect-metadata';
import './client-package';

export {CallError} from 'loopback4-socket-client';
export type {
  AnswerContext,
  CallOptions as TestCallOptions,
  Remote as TestCalls,
  UploadSource,
} from 'loopback4-socket-client';
export type {TestClient, TestClientOptions, TestEvents} from './client';
export {expectApi} from './expect-api';
export type {ApiKinds} from './expect-api';
export {expectCall} from './expect-call';
export type {ExpectedCallError} from './expect-call';
export {givenSocketApp} from './given-socket-app';
export type {GivenSocketApp, TestCallerOptions} from './given-socket-app';
export type {TestNetwork} from './network';
export type {GivenSocketAppOptions} from './start-application';
