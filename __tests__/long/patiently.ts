import type {Wire} from '../helpers/wire';

/** The time, in ms, that a client waits for an answer that may be lost. */
const PATIENCE = 4000;

/** Waits for a frame or the end, but not for ever: returns false when neither came. */
export async function patiently(
  wire: Wire,
  accept: (frame: string) => boolean,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), PATIENCE);
  });
  const came = wire.until(accept).then(() => true);
  const isInTime = await Promise.race([came, late]);
  clearTimeout(timer);
  return isInTime;
}
