import type {Context} from '@loopback/core';
import type {Call} from '../context/call';
import {ResolutionPath} from './resolution-path';

/** The place of an injection. */
export interface Place {
  /** Returns the context that resolves the injection. */
  readonly contextOf: (call: Call) => Context;
  readonly path: ResolutionPath;
}

/** The controller and its dependencies are resolved in the context of the call. */
export const IN_CALL: Place = {
  contextOf: call => call.context,
  path: ResolutionPath.START,
};

/** The parameters of the method, and its interceptors, are resolved in the invocation context. */
export const IN_INVOCATION: Place = {
  contextOf: call => call.invocationContext,
  path: ResolutionPath.START,
};
