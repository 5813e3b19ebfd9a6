import type {Agent} from 'node:http';
import {Wire} from '../helpers/wire';
import {frame} from './grammar';
import {patiently} from './patiently';
import type {Random} from './random';
import {FuzzedStreams} from './stream-grammar';
import type {KnownStreams} from './stream-grammar';

/**
 * One client that does nothing but open, read, stop and cancel streams, rightly and wrongly. Returns the number of
 * frames that it has sent.
 */
export async function runStreams(
  port: number,
  agent: Agent,
  random: Random,
  known: KnownStreams,
): Promise<number> {
  const wire = await Wire.open(random.pick(['websocket', 'polling']), port, agent);
  const streams = new FuzzedStreams(random, known);
  wire.onFrame = received => streams.receive(received);
  let sent = 0;
  const send = async (...frames: string[]) => {
    sent += frames.length;
    if (!wire.isClosed) await wire.send(...frames);
  };
  const nsp = random.chance(0.8) ? '/' : '/open';
  const credentials = {token: 'ok', id: streams.user};
  await send(frame('0', nsp, '', JSON.stringify(credentials)));
  await patiently(wire, received => /authenticated"|unauthorized/.test(received));
  for (let batches = 2 + random.below(12); batches > 0 && !wire.isClosed; batches--) {
    const id = String(batches);
    await send(...streams.frames(nsp), frame('2', nsp, id, '["echo",1]'));
    await patiently(wire, received => received.includes(`${id}[{"result":1}]`));
  }
  if (random.chance(0.5)) wire.cut();
  else wire.close();
  await patiently(wire, () => false);
  if (!wire.isClosed) wire.cut();
  return sent;
}
