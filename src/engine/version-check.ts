import {tryEngine} from './try-engine';
import {trySocketIo} from './try-socket-io';

/**
 * Tries the installed socket.io, Engine.IO and ws in memory.
 *
 * @throws Error when one of them lacks a private part that this package uses, or does not call it: the
 * packets of an unauthenticated client could reach the application.
 */
export async function checkSocketIo(): Promise<void> {
  await trySocketIo();
  await tryEngine();
}
