import type {SocketServer} from 'loopback4-socket';
import {strict as assert} from 'node:assert';

/** The streams that a server holds, which no public name shows. */
export interface StreamRemains {
  /** Streams that somebody can read. */
  readonly streams: number;
  /** Sockets that have streams. */
  readonly sockets: number;
  /** Users whose streams can be taken over. */
  readonly users: number;
  /** Streams without a socket. */
  readonly detached: number;
  /** Most bytes that the streams of one user keep. */
  readonly kept: number;
  /** Bytes of all items that are encoded and not forgotten. */
  readonly buffered: number;
}

interface Table {
  readonly streams: ReadonlyMap<string, {buffer: {items: {bytes: number}[]}}>;
  readonly sockets?: ReadonlyMap<object, object>;
  readonly users?: ReadonlyMap<string, {detached: ReadonlySet<object>; bytes: number}>;
}

export function streamRemainsOf(server: SocketServer): StreamRemains {
  const {streams, sockets, users} = tableOf(server);
  assert.equal(typeof sockets?.size, 'number', 'a table of streams has sockets');
  assert.equal(typeof users?.size, 'number', 'a table of streams has users');
  const all = [...users!.values()];
  return {
    streams: streams.size,
    sockets: sockets!.size,
    users: users!.size,
    detached: all.reduce((sum, {detached}) => sum + detached.size, 0),
    kept: Math.max(0, ...all.map(({bytes}) => bytes)),
    buffered: bufferedBytes(server),
  };
}

export function bufferedBytes(server: SocketServer): number {
  let sum = 0;
  for (const {buffer} of tableOf(server).streams.values()) {
    for (const {bytes} of buffer.items) sum += bytes;
  }
  return sum;
}

function tableOf(server: SocketServer): Table {
  // Declarations say nothing of private members' types, so that only a run tells of a renamed one.
  const {streams} = server['endpoint'] as unknown as {streams: Table};
  return streams;
}
