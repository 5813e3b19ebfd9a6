import {MAX_ITEM_ID_LENGTH} from './items';

/** An item of a stream with the application's own id. Clients receive the value; see {@link tracked}. */
export class Tracked<out T> {
  /** Tells this class from an item that has an `id` and a `value` of its own. Exists only in types. */
  declare readonly '~tracked': true;

  /** @throws TypeError when the id is not a string of 1 to {@link MAX_ITEM_ID_LENGTH} characters. */
  constructor(
    readonly id: string,
    readonly value: T,
  ) {
    const problem = problemOf(id);
    if (problem !== undefined) {
      throw new TypeError(
        `tracked(id, value): the id must be a string of 1 to ${MAX_ITEM_ID_LENGTH} characters. ${problem}`,
      );
    }
  }
}

function problemOf(id: unknown): string | undefined {
  if (typeof id !== 'string')
    return `It is ${id === null ? 'null' : `of type ${typeof id}`}.`;
  if (id !== '' && id.length <= MAX_ITEM_ID_LENGTH) return undefined;
  return `It has ${id.length} characters.`;
}

/**
 * Gives an item of a stream an id. A client that has lost the stream calls the method again with the id of the last
 * item that it has read, which the method injects as `SocketBindings.AFTER`.
 *
 * @param id - Identifies the item among those of the stream: 1 to {@link MAX_ITEM_ID_LENGTH} characters.
 * @param value - The item, as clients receive it.
 * @throws TypeError when the id is anything else.
 *
 * @example
 * ```ts
 * @socketMethod()
 * async *news(socket: Socket, credentials: unknown, args: {topic: string},
 *   @inject(SocketBindings.AFTER, {optional: true}) after?: string) {
 *   for await (const post of posts.since(args.topic, after)) yield tracked(post.id, post);
 * }
 * ```
 */
export function tracked<T>(id: string, value: T): Tracked<T> {
  return new Tracked(id, value);
}
