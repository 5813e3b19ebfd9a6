// The attacks of one hostile client on a server's memory. Each says how many MB the server may hold
// in the end, by docs/operations.md, and does the same again where it is closed, as long as `alive` says.
import {once} from 'node:events';
import {pingOf, PollingClient, WebSocketClient} from './clients.mjs';

const MB = 1024 ** 2;
const many = (count, make) => Array.from({length: count}, (_, at) => make(at));
const LIST = many(5000, at => `42${at}["list"]`);
const ECHO = many(5000, at => `42${at}["echo"]`);
const PINGS = Buffer.concat(many(10_000, at => pingOf(at % 2 ? '' : 'x'.repeat(125))));
const DENSE = `[${'{},'.repeat(21_000)}{}]`;
const ROOMS = many(8, at => `/room-${at}`);
const LONG_ROOM = `/room-${'x'.repeat(60_000)}`;

/** Sends the same over and over, not faster than the server takes it. */
async function repeat(client, data, alive) {
  client.stopReading();
  for (let sent = 0; alive() && !client.closed && sent < 100 * MB; sent += data.length) {
    if (client.write(data)) await new Promise(setImmediate);
    else await Promise.race([once(client.socket, 'drain'), pause(200)]);
  }
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Gives a client of a kind that posts, and does not poll. */
async function postUnread(url, packets, alive, protocol) {
  while (alive()) {
    const client = await PollingClient.open(url, protocol);
    await client.join({id: '1'});
    while (alive() && (await client.post(...packets)));
  }
}

export const attacks = {
  'PINGs, not authenticated': {
    bound: 4,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      await repeat(client, PINGS, alive);
      return client;
    },
  },
  'PINGs, authenticated': {
    bound: 4,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      await client.join();
      await repeat(client, PINGS, alive);
      return client;
    },
  },
  'PINGs, upgrading': {
    bound: 4,
    async run(url, alive) {
      const {sid} = await PollingClient.open(url);
      const client = await WebSocketClient.open(url, sid);
      await repeat(client, PINGS, alive);
      return client;
    },
  },
  'large answers at once, by one request': {
    bound: 8,
    run: (url, alive) => postUnread(url, LIST, alive),
  },
  'large answers at once, over a websocket': {
    bound: 16,
    async run(url, alive) {
      let client;
      while (alive()) {
        client = await WebSocketClient.open(url);
        await client.join();
        client.stopReading();
        while (alive() && !client.closed) {
          client.send(...LIST);
          await pause(50);
        }
      }
      return client;
    },
  },
  'responses fetched and not read': {
    bound: 10,
    async run(url, alive) {
      const sockets = [];
      while (alive()) {
        const client = await PollingClient.open(url);
        await client.join({id: '1'});
        while (alive() && (await client.post(...LIST.slice(0, 100)))) {
          sockets.push(client.pollUnread());
          await pause(20);
        }
      }
      return {close: () => sockets.forEach(socket => socket.destroy())};
    },
  },
  'small answers that are not read': {
    bound: 8,
    run: (url, alive) => postUnread(url, ECHO, alive),
  },
  'pings of Engine.IO 3 that are not read': {
    bound: 8,
    async run(url, alive) {
      while (alive()) {
        const client = await PollingClient.open(url, 3);
        while (alive() && (await client.post(...many(5000, () => '2'))));
      }
    },
  },
  'floods of the server that are not read': {
    bound: 8,
    run: (url, alive) => postUnread(url, ['42["flood"]'], alive),
  },
  'calls that wait for authentication': {
    bound: 6,
    async run(url) {
      const client = await WebSocketClient.open(url);
      for (const room of ROOMS) client.send(`40${room},{"slow":true}`);
      for (const room of ROOMS) await client.until(`40${room},`);
      for (const room of ROOMS) {
        client.send(...many(16, () => `42${room},["echo",${DENSE}]`));
      }
      await pause(1000);
      return client;
    },
  },
  'joins and leavings while authentication runs': {
    bound: 4,
    /** The number of authentication handlers that may run at once. */
    handlers: 8,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      // It stays, so that the connection does.
      client.send('40');
      await client.until('40');
      for (let at = 0; alive() && !client.closed && at < 90; at++) {
        const room = `/room-${at}`;
        client.send(`40${room},{"slow":true}`);
        await client.until(`${room},`);
        client.send(`41${room},`);
      }
      return client;
    },
  },
  'as many authenticated namespaces as may be': {
    bound: 8,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      for (let at = 0; alive() && !client.closed; at++) {
        const room = `/room-${at}`;
        client.send(`40${room},{"id":"1"}`);
        await client.until(`${room},`);
      }
      return client;
    },
  },
  'ids of calls in a namespace of a long name': {
    bound: 6,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      client.send('40{"id":"1"}');
      await client.until('42["authenticated"');
      await client.join(LONG_ROOM, {id: '1'});
      for (let at = 0; alive() && !client.closed; at++) {
        client.send(`42${LONG_ROOM},${at}["echo",0,{"$call":{"id":"${at}"}}]`);
        await client.until(`,${at}[`);
      }
      return client;
    },
  },
  'answers kept for sockets that have left': {
    bound: 6,
    recovery: true,
    async run(url, alive) {
      const client = await WebSocketClient.open(url);
      client.send('40{"none":1}');
      await client.until('42["authenticated"');
      for (let at = 0; alive() && !client.closed && at < 90; at++) {
        await client.join(`/room-${at}`);
        client.send(`42/room-${at},1["list",0,{"$call":{"id":"x"}}]`);
        await client.until(`43/room-${at},1[`);
        client.send(`41/room-${at},`);
      }
      return client;
    },
  },
};
