import debugFactory from 'debug';
import type {Socket} from 'socket.io';
import {isRecord} from '../common/objects';
import {printable} from '../common/printable';
import {internalsOf} from './internals';

const connections = debugFactory('loopback:socket:connection');
const refusals = debugFactory('loopback:socket:refusal');

/** Returns true when refusals are printed. */
export function areRefusalsDebugged(): boolean {
  return refusals.enabled;
}

/**
 * Prints the refusal of a request, or of a client that joins a namespace. Names and reasons cannot break a
 * line.
 */
export function debugRefusal(refused: string, name: string, reason: unknown): void {
  if (!refusals.enabled) return;
  const shown = typeof reason === 'string' ? printable(reason) : typeof reason;
  refusals('%s %s was refused: %s', refused, printable(name), shown);
}

/** Prints why a joining socket is refused, by this package or by the application. */
export function debugRefusalOf(socket: Socket): void {
  if (!refusals.enabled) return;
  const internals = internalsOf(socket);
  const {_error: refuse} = internals;
  internals._error = body => {
    debugRefusal('A socket of', socket.nsp.name, isRecord(body) ? body.message : body);
    refuse.call(socket, body);
  };
}

let opened = 0;

/** Prints when a connection opens, upgrades and closes. */
export function debugConnection(connection: Socket['conn']): void {
  if (!connections.enabled) return;
  // The id of a connection is secret: who knows it can send requests for the client.
  const number = ++opened;
  connections('connection %d opened by %s', number, connection.transport.name);
  connection.once('upgrade', (transport: {readonly name: string}) =>
    connections('connection %d upgraded to %s', number, transport.name),
  );
  connection.once('close', (reason: string) =>
    connections('connection %d closed: %s', number, reason),
  );
}
