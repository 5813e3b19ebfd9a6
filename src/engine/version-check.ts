import {tryEngine} from './try-engine';
import {trySocketIo} from './try-socket-io';

/**
 * Tries the installed socket.io, Engine.IO and ws in memory.
 *
 * @throws Error when one of them lacks a private part that this package relies on, or does not call it: then it
 * could hand to the application what an unauthenticated client sends.
 */
export async function checkSocketIo(): Promise<void> {
  await trySocketIo();
  await tryEngine();
}
