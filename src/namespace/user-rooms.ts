const PREFIX = 'loopback4-socket:user:';

/** Returns true if a room belongs to a user. Applications may use other values than strings as rooms. */
export function isUserRoom(room: unknown): boolean {
  return typeof room === 'string' && room.startsWith(PREFIX);
}

/** Returns the rooms that a socket may join by name. */
export function withoutUserRooms(rooms: Set<string>): Set<string> {
  for (const room of rooms) {
    if (isUserRoom(room)) return new Set([...rooms].filter(one => !isUserRoom(one)));
  }
  return rooms;
}

/** Returns the room of all sockets of a user, on every node. */
export function userRoom(id: string | number): string {
  return PREFIX + String(id);
}

/**
 * Returns the room of a user from the result of `userId`; `undefined` for a user without an id.
 *
 * @throws TypeError when the id cannot tell users apart.
 */
export function roomOf(id: unknown): string | undefined {
  // An empty id does not identify a user.
  if (id === undefined || id === null || id === '') return undefined;
  if (typeof id === 'string' || Number.isFinite(id))
    return userRoom(id as string | number);
  throw new TypeError(
    'The id of a user must be a string or a number. Check the option userId, or `securityId` of the ' +
      'user: another value can be converted, as by userId: user => String(user.id).',
  );
}
