const PREFIX = 'loopback4-socket:user:';

export function isUserRoom(room: string): boolean {
  return room.startsWith(PREFIX);
}

/** The room that all sockets of a user are in, on whichever node; clients cannot name it. */
export function userRoom(id: string): string {
  return PREFIX + id;
}
