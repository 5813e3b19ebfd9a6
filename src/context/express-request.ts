import type {Context} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import express from 'express';
import type {IncomingMessage} from 'node:http';
import type {ApplyCredentials} from '../options/server-options';

/** The part of an Express application that is used: its settings, and the prototype of its requests. */
export interface ExpressApp {
  readonly request: object;
  get(setting: string): unknown;
}

let standalone: ExpressApp | undefined;

/** The REST server's Express application, whose settings apply; one of its own where there is none. */
export function expressOf(context: Context): ExpressApp {
  const rest = context.getSync(RestBindings.SERVER, {optional: true});
  const handler = rest?.requestHandler as Partial<ExpressApp> | undefined;
  if (handler?.request) return handler as ExpressApp;
  return (standalone ??= express());
}

/** Makes a handshake's request an Express request, just as Express does with those it serves. */
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
 * A request for one authentication: made from the handshake's, with headers and query of its own,
 * where the credentials are put.
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
  // One that is async is waited for, and what it rejects with is caught.
  const applied: unknown = (apply as (...values: unknown[]) => unknown)(
    made,
    credentials,
  );
  await applied;
  return made;
}

/** A string, or the string in `token`, is a bearer token. */
export const applyToken: ApplyCredentials = (request, credentials: unknown) => {
  const token: unknown =
    typeof credentials === 'object' && credentials !== null
      ? (credentials as {token?: unknown}).token
      : credentials;
  if (typeof token === 'string' && token !== '') {
    request.headers.authorization = `Bearer ${token}`;
  }
};
