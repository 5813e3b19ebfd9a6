import assert from 'node:assert/strict';
import {it} from 'node:test';
import {ItemBuffer, MAX_KEPT_BYTES} from '../../../dist/streams/item-buffer';
import type {ItemBatch, ReadAck, StreamSession} from '../../../dist/streams/ports';
import {ItemSource} from '../../../dist/streams/source';
import {Stream} from '../../../dist/streams/stream';
import {Queue} from '../../helpers/queue';

/** The parts of a session that the stream uses here. */
const SESSION = {
  order: 1,
  hasQueued: false,
  encodeItem: (item: unknown, id: string | null) => ({
    ...{text: JSON.stringify(item), value: undefined, bytes: 1, attachments: 0, id},
  }),
} as unknown as StreamSession;

it('a read whose wait is over is answered, also when its items must wait for others', async () => {
  const answered = new Queue<ItemBatch>();
  const ack: ReadAck = Object.assign(() => true, {
    sendItems: (batch: ItemBatch) => void answered.push(batch),
  });
  let give: (item: number) => void = () => undefined;
  const items = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise<IteratorResult<number>>(resolve => {
          give = value => resolve({done: false, value});
        }),
    }),
  };
  const kept = {bytes: 0};
  const stream = new Stream(
    {ended: () => undefined, drop: () => undefined},
    {
      origin: SESSION,
      call: {abort: () => undefined, close: () => undefined} as never,
      label: 'items',
      source: ItemSource.of(items),
      ref: undefined,
      isResumable: true,
    },
    new ItemBuffer(kept),
    undefined,
  );
  const read = (wait?: number) =>
    stream.read({got: 0, max: 64, wait, again: false}, ack, false);
  read();
  give(1);
  assert.equal((await answered.next()).items.length, 1);
  // In one turn of the timers: an item comes, the wait is over, and another stream of the user keeps all bytes.
  setTimeout(() => give(2), 1);
  read(1);
  setTimeout(() => (kept.bytes = 2 * MAX_KEPT_BYTES), 1);
  const due = performance.now() + 5;
  while (performance.now() < due);
  assert.deepEqual(await answered.next(), {at: 1, items: [], done: false});
  stream.stop();
});
