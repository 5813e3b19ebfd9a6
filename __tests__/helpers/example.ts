import assert from 'node:assert/strict';
import {securityId} from '@loopback/security';
import {givenSocketApp} from 'loopback4-socket/testing';
import type {GivenSocketApp} from 'loopback4-socket/testing';
import {ExampleApplication} from 'loopback4-socket-example';
import type {Identity, ShipService} from 'loopback4-socket-example/dist/services';

// Each application makes a secret of its own, unless a test gives one.
delete process.env.JWT_SECRET;

export const ANA = {email: 'ana@example.com', password: 'ana-secret'};
export const BEN = {email: 'ben@example.com', password: 'ben-secret'};

/** A given user, as the example's tokens describe them. */
export const ADMIN: Identity = {[securityId]: '1', name: 'Ana', role: 'admin'};
export const MEMBER: Identity = {[securityId]: '2', name: 'Ben', role: 'member'};

export type Example = GivenSocketApp<ExampleApplication>;

/** The example application, on a free port; stopped by `await using`. */
export function givenExample(
  setup?: (app: ExampleApplication) => void,
  port = 0,
): Promise<Example> {
  const options = {rest: {port}};
  return givenSocketApp(ExampleApplication, {options, ...(setup && {setup})});
}

/** The ships of the example, and the number of clients that watch them. */
export async function shipsOf({application}: Example) {
  const ships = await application.get<ShipService>('services.ShipService');
  const watching = () => ships.events.listenerCount('moved');
  return {watching, move: ships.move.bind(ships)};
}

/** A request of the example's REST API, with a bearer token if there is one. */
export async function request(
  url: string,
  operation: string,
  {token, body}: {token?: string; body?: object} = {},
): Promise<{status: number; body: any}> {
  const [method, path] = operation.split(' ');
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body && {'Content-Type': 'application/json'}),
      ...(token !== undefined && {Authorization: `Bearer ${token}`}),
    },
    ...(body && {body: JSON.stringify(body)}),
  });
  return {status: response.status, body: await response.json()};
}

/** Returns the credentials for sockets of a user. */
export async function logIn(url: string, user: object): Promise<{token: string}> {
  const {status, body} = await request(url, 'POST /users/login', {body: user});
  assert.equal(status, 200);
  return body;
}
