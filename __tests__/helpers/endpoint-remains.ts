import {strict as assert} from 'node:assert';
import type {SocketServer} from 'loopback4-socket';

/** Returns the things that a server still holds and waits for, which no public name shows. */
export interface EndpointRemains {
  readonly connections: number;
  readonly running: number;
}

export function remainsOf(server: SocketServer): EndpointRemains {
  // Declarations say nothing of private members' types, so that only a run tells of a renamed one.
  const {sessions, inFlight} = server['endpoint'] as unknown as {
    sessions?: ReadonlySet<unknown>;
    inFlight?: {count?: number};
  };
  assert.equal(typeof sessions?.size, 'number', 'an endpoint has sessions');
  assert.equal(typeof inFlight?.count, 'number', 'an endpoint counts what is in flight');
  return {connections: sessions!.size, running: inFlight!.count!};
}

/** Counts open uploads, bytes of them that wait, and users whose uploads have lost their sockets. */
export function uploadsOf(server: SocketServer): number {
  const {sessions, lostUploads} = server['endpoint'] as unknown as {
    sessions: ReadonlySet<{
      ownUploads?: {slots: ReadonlyMap<string, unknown>; bytes: number};
    }>;
    lostUploads?: {users?: ReadonlyMap<string, unknown>};
  };
  assert.equal(typeof lostUploads?.users?.size, 'number', 'an endpoint has uploads');
  const open = [...sessions].map(({ownUploads}) =>
    ownUploads ? ownUploads.slots.size + ownUploads.bytes : 0,
  );
  return open.reduce((sum, one) => sum + one, lostUploads!.users!.size);
}
