import 'reflect-metadata';

export {CallError} from './call-error';
export type {AnyApi, TestCallOptions, TestCalls} from './calls';
export type {AnyEvents, TestClient, TestClientOptions, TestEvents} from './client';
export {expectApi} from './expect-api';
export type {ApiKinds} from './expect-api';
export {expectCall} from './expect-call';
export type {ExpectedCallError} from './expect-call';
export {givenSocketApp} from './given-socket-app';
export type {GivenSocketApp, TestCallerOptions} from './given-socket-app';
export type {TestNetwork} from './network';
export type {GivenSocketAppOptions} from './start-application';
