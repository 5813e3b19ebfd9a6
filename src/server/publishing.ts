import type {Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import {isRecord} from '../common/objects';
import type {DeclaredEvent} from '../invocation/declared-event';

/** Where `server.publish` sends to: all authenticated sockets, a socket.io room or several, a user, or one socket. */
export type PublishTarget =
  'all' | {room: string | string[]} | {user: string | number} | Socket;

/**
 * Checks the payload of an event against the schema that `@socketEvent` declares.
 *
 * @throws Error when the event is not declared, or when the payload does not match; `details` lists the mistakes.
 */
export async function checkEvent(
  event: DeclaredEvent | undefined,
  name: string,
  payload: unknown,
  context: Context,
): Promise<void> {
  if (!event) {
    throw new Error(
      `The event "${name}" is not declared on this server. Declare it: @socketEvent('${name}', {payload: …}).`,
    );
  }
  try {
    await event.validator?.validate(wireForm(payload), context);
  } catch (error) {
    const {details} = error as {details?: unknown};
    if (details === undefined) throw error;
    throw Object.assign(
      new Error(
        `The payload of "${name}" does not match its schema: ${JSON.stringify(details)}`,
      ),
      {details},
    );
  }
}

/** Returns what a client receives. Binary data counts as a string, as `format: binary` says. */
function wireForm(value: unknown): unknown {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return '';
  const {toJSON} = Object(value) as {toJSON?: () => unknown};
  if (typeof toJSON === 'function') return wireForm(toJSON.call(value));
  if (Array.isArray(value)) return value.map(wireForm);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, wireForm(one)]));
}
