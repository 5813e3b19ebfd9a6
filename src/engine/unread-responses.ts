import type {ServerResponse} from 'node:http';
import type {Socket} from 'socket.io';
import {transportOf} from './engine-internals';

const RESPONSE = Symbol('response');

/** A connection of Engine.IO, and the response to a poll that has not left yet. */
interface Responding {
  [RESPONSE]?: ServerResponse | undefined;
}

/**
 * Lets a polling transport take the next request only after the last response has left. Engine.IO does this
 * itself for compressed responses only. Otherwise a client could fetch responses without reading them, each
 * on a new TCP connection. A client that tries loses its connection, as with any overlapping request.
 */
export function holdResponses(connection: Socket['conn']): void {
  const transport = transportOf(connection);
  if (transport.name !== 'polling') return;
  const responding = connection as Responding;
  const {doWrite} = transport;
  transport.doWrite = (data, options, written) => {
    const {res} = transport;
    responding[RESPONSE] = res;
    let left = false;
    const leave = (error?: Error) => {
      if (left) return;
      left = true;
      responding[RESPONSE] = undefined;
      written(error);
    };
    doWrite.call(transport, data, options, error => {
      if (error || res.writableFinished || res.destroyed) leave(error);
      else res.once('finish', leave).once('close', leave);
    });
  };
}

/** The response to a poll that the client has not read yet. */
export function unreadResponse(connection: Socket['conn']): ServerResponse | undefined {
  return (connection as Responding)[RESPONSE];
}
