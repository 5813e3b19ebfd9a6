import type {Context} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import express from 'express';
import type {IncomingMessage} from 'node:http';
import type {ApplyCredentials} from '../options/server-options';

/** The part of an Express application that is used: its settings and its prototype of requests. */
export interface ExpressApp {
  readonly request: object;
  get(setting: string): unknown;
}

let standalone: ExpressApp | undefined;

/** Returns the REST server's Express application, for its settings; without a REST server, a new one. */
export function expressOf(context: Context): ExpressApp {
  const rest = context.getSync(RestBindings.SERVER, {optional: true});
  const handler = rest?.requestHandler as Partial<ExpressApp> | undefined;
  if (handler?.request) return handler as ExpressApp;
  return (standalone ??= express());
}

/** Turns the request of a handshake into an Express request, in place, as Express does. */
export function toExpressRequest(
  request: IncomingMessage,
  express: () => ExpressApp,
): Request {
  const made = request as Request;
  if ('originalUrl' in request) return made;
  const app = express();
  Object.setPrototypeOf(request, app.request);
  const url = request.url ?? '/';
  const parse = app.get('query parser fn') as
    ((query: string) => Request['query']) | false;
  const search = url.indexOf('?');
  return Object.assign(made, {
    originalUrl: url,
    baseUrl: '',
    params: {},
    query: parse && search >= 0 ? parse(url.slice(search + 1)) : {},
  });
}

/**
 * Makes the request for one authentication: the request of the handshake with copies of its headers and query,
 * in which `apply` puts the credentials.
 */
export async function requestWith(
  request: Request,
  credentials: unknown,
  apply: ApplyCredentials,
): Promise<Request> {
  const own = (value: object) => ({value, writable: true, enumerable: true});
  const made = Object.create(request, {
    headers: own({...request.headers}),
    query: own({...request.query}),
  }) as Request;
  // An application may pass an async function.
  const applied: unknown = (apply as (...values: unknown[]) => unknown)(
    made,
    credentials,
  );
  await applied;
  return made;
}

/** Sends credentials that are a string, or have a string `token`, as a bearer token. */
export const applyToken: ApplyCredentials = (request, credentials: unknown) => {
  const token: unknown =
    typeof credentials === 'object' && credentials !== null
      ? (credentials as {token?: unknown}).token
      : credentials;
  if (typeof token === 'string' && token !== '') {
    request.headers.authorization = `Bearer ${token}`;
  }
};
