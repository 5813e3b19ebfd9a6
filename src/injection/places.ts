import type {Context} from '@loopback/core';
import type {Call} from '../context/call';
import {ResolutionPath} from './resolution-path';

/** Where something is injected. */
export interface Place {
  /** Gives the context in which it is resolved. */
  readonly contextOf: (call: Call) => Context;
  readonly path: ResolutionPath;
}

/** The controller of a call, and what it needs, is resolved here. */
export const IN_CALL: Place = {
  contextOf: call => call.context,
  path: ResolutionPath.START,
};

/** The parameters of its method, and its interceptors, are resolved here. */
export const IN_INVOCATION: Place = {
  contextOf: call => call.invocationContext,
  path: ResolutionPath.START,
};
