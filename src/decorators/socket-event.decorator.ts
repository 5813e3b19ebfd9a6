import {MetadataInspector} from '@loopback/core';
import type {Constructor} from '@loopback/core';
import {SocketMetadata} from './metadata';
import type {SocketPushedEventMetadata} from './metadata';

/** Decorates a class or a method. */
export type SocketEventDecorator = (target: object, member?: string | symbol) => void;

/**
 * Declares an event that the server sends to clients, for the AsyncAPI document and for `server.publish`. With
 * `answer` it is an ask. Use it on a controller class, or on the method that sends the event. It may be used more
 * than once.
 *
 * @param name - The event's name.
 * @throws Error when the class declares the event already.
 *
 * @example
 * ```ts
 * @socketEvent('said', {payload: Text, summary: 'Somebody has said something.'})
 * export class ChatController {}
 * ```
 */
export function socketEvent(
  name: string,
  options: Omit<SocketPushedEventMetadata, 'name'> = {},
): SocketEventDecorator {
  return (target, member) => {
    const type = member === undefined ? target : target.constructor;
    const own =
      MetadataInspector.getClassMetadata(
        SocketMetadata.EVENT,
        type as Constructor<unknown>,
        {ownMetadataOnly: true},
      ) ?? [];
    if (own.some(event => event.name === name)) {
      throw new Error(
        `@socketEvent('${name}'): ${(type as Constructor<unknown>).name} declares the event twice.`,
      );
    }
    MetadataInspector.defineMetadata(
      SocketMetadata.EVENT.toString(),
      [...own, {...options, name}],
      type,
    );
  };
}
