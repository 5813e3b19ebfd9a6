const PREFIX = 'loopback4-socket:user:';

/** Says whether a room is a user's. Applications may name rooms by other values than strings. */
export function isUserRoom(room: unknown): boolean {
  return typeof room === 'string' && room.startsWith(PREFIX);
}

/** The rooms that may be joined by their names. */
export function withoutUserRooms(rooms: Set<string>): Set<string> {
  for (const room of rooms) {
    if (isUserRoom(room)) return new Set([...rooms].filter(one => !isUserRoom(one)));
  }
  return rooms;
}

/** The room that all sockets of a user are in, on whichever node. */
export function userRoom(id: string | number): string {
  return PREFIX + String(id);
}

/**
 * The room of a user, given what `userId` says; `undefined` for a user without an id.
 *
 * @throws TypeError where users could not be told apart by it.
 */
export function roomOf(id: unknown): string | undefined {
  // The empty id tells no users apart.
  if (id === undefined || id === null || id === '') return undefined;
  if (typeof id === 'string' || Number.isFinite(id))
    return userRoom(id as string | number);
  throw new TypeError(
    'The id of a user must be a string or a number. Check the option userId, or `securityId` of the ' +
      'user: another value can be converted, as by userId: user => String(user.id).',
  );
}
