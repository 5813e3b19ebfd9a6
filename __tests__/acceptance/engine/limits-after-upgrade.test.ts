import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {WebSocket} from 'ws';
import {once, seconds} from '../../helpers/awaited';
import {RawClient} from '../../helpers/raw-client';
import {givenServer} from '../../helpers/server';

const KIB = 1024;
const AUTHENTICATE = '42["authentication",{"token":"ok"}]';

/** A client that has joined `/` by polling and may upgrade. */
async function givenPolling(url: string | undefined): Promise<RawClient> {
  const client = await RawClient.open(url ?? '');
  await client.send('40');
  await client.until('40');
  return client;
}

async function upgrade(client: RawClient): Promise<WebSocket> {
  const socket = new WebSocket(client.url.replace('=polling', '=websocket'));
  await once(socket, 'open');
  socket.send('2probe');
  await once(socket, 'message');
  socket.send('5');
  return socket;
}

/** Sends a call of that many bytes. Gives the code of its error or `answered`, or `closed`. */
async function call(socket: WebSocket, bytes: number): Promise<string> {
  const outcome = new Promise<string>(resolve => {
    socket.once('close', () => resolve('closed'));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (!text.startsWith('431')) return;
      const [{error}] = JSON.parse(text.slice(3)) as [{error?: {code: string}}];
      resolve(error?.code ?? 'answered');
    });
  });
  const head = '421["size","';
  socket.send(`${head}${'x'.repeat(bytes - head.length - 2)}"]`);
  return outcome;
}

/** Ways in which a client comes to a websocket, and what it may send by it. */
const WAYS: Record<
  string,
  {come: (client: RawClient) => Promise<WebSocket>; outcomes: [number, string][]}
> = {
  'that is not authenticated': {
    come: upgrade,
    outcomes: [
      [64 * KIB, 'UNAUTHENTICATED'],
      [64 * KIB + 1, 'closed'],
    ],
  },
  'that was authenticated before': {
    come: async client => {
      await client.send(AUTHENTICATE);
      await client.until('42["authenticated"');
      return upgrade(client);
    },
    outcomes: [
      [448 * KIB, 'answered'],
      [448 * KIB + 1, 'closed'],
    ],
  },
  'that has authenticated since': {
    come: async client => {
      const socket = await upgrade(client);
      socket.send(AUTHENTICATE);
      await once(socket, 'message');
      return socket;
    },
    outcomes: [
      [448 * KIB, 'answered'],
      [448 * KIB + 1, 'closed'],
    ],
  },
};

describe(
  'the limit of bytes of a client that has upgraded',
  {timeout: seconds(20)},
  () => {
    for (const [title, {come, outcomes}] of Object.entries(WAYS)) {
      it(`is that of one ${title}`, async () => {
        await using given = await givenServer(server => {
          server.defineMethod(
            'size',
            (_socket, _credentials, text: string) => text.length,
          );
        });
        const socket = await come(await givenPolling(given.server.url));
        for (const [bytes, expected] of outcomes) {
          assert.equal(await call(socket, bytes), expected, String(bytes));
        }
      });
    }
  },
);
