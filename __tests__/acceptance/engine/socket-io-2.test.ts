import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import type {EventEmitter} from 'node:events';
import {describe, it} from 'node:test';
// The client of socket.io 2, which the users of loopback-socket have; it has no types of its own.
import connect from 'socket.io-client-2';
import {givenApp} from '../../helpers/app';
import {once} from '../../helpers/awaited';

interface OldSocket extends EventEmitter {
  connected: boolean;
  close(): void;
}

type Reply = {result?: any; error?: any};

const PROFILE = {id: 7, email: 'ana@example.com'};
const RECORDS = Array.from({length: 29}, (_, index) => ({id: index + 1}));

/** The server of the original's sample: a token is looked up, and two methods are defined. */
async function givenSample() {
  const connected: unknown[] = [];
  const given = await givenApp({
    component: {io: {allowEIO3: true}},
    setup: app => {
      const server = SocketServer.get(app);
      const tokens = {
        authenticate: (socket: unknown, credentials?: {id?: string; userId?: number}) => {
          if (!credentials) throw 'Credentials are missing';
          if (credentials.id !== 'token') throw 'Token not found';
          return credentials.userId === PROFILE.id && PROFILE;
        },
        connected: (socket: unknown, credentials: unknown) => {
          connected.push(credentials);
        },
      };
      server.auth({model: tokens, method: 'authenticate'});
      server.onConnected({model: tokens, method: 'connected'});
      server.defineMethod('getProfile', (socket, credentials: {userId: number}) =>
        credentials.userId === PROFILE.id ? PROFILE : undefined,
      );
      server.defineMethod('getRecords', (socket, credentials, args: any) =>
        RECORDS.slice(Number(args?.skip ?? 0)).slice(0, Number(args?.limit ?? 29)),
      );
    },
  });
  return Object.assign(given, {connected});
}

/** The steps of the sample's page with its socket, and the state that its template shows. */
function openPage(url: string, token: object, transports: string[]) {
  const socket = connect(url, {transports, forceNew: true}) as OldSocket;
  const page = {
    socket,
    state: 'connecting',
    call: (method: string, args?: object) =>
      new Promise<Reply>(resolve => void socket.emit(method, args, resolve)),
  };
  socket.on('connect', () => socket.emit('authentication', token));
  socket.on('authenticated', () => (page.state = 'authenticated'));
  socket.on('unauthorized', () => (page.state = 'unauthorized'));
  return page;
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  describe(`a socket.io 2 client over ${transports.join(' and ')}`, () => {
    it('authenticates and calls both methods of the sample', async () => {
      await using given = await givenSample();
      const token = {id: 'token', userId: 7};
      const page = openPage(given.server.url!, token, transports);
      await once(page.socket, 'authenticated');
      assert.equal(page.state, 'authenticated');
      assert.deepEqual(given.connected, [token]);
      assert.deepEqual(await page.call('getProfile', {}), {result: PROFILE});
      const {result} = await page.call('getRecords', {skip: '27', limit: '5'});
      assert.deepEqual(result, [{id: 28}, {id: 29}]);
      const all = await page.call('getRecords', {});
      assert.equal(all.result.length, 29);
      const unknown = await page.call('getNothing', {});
      assert.equal(unknown.error.statusCode, 404);
      page.socket.close();
    });

    it('is told `unauthorized` with a wrong token, and disconnected', async () => {
      await using given = await givenSample();
      const page = openPage(given.server.url!, {id: 'stolen', userId: 7}, transports);
      const refused = once(page.socket, 'unauthorized');
      const gone = once(page.socket, 'disconnect');
      const [{message, statusCode}] = await refused;
      await gone;
      assert.deepEqual(
        {message, statusCode},
        {message: 'Token not found', statusCode: 401},
      );
      assert.equal(page.state, 'unauthorized');
      assert.equal(page.socket.connected, false);
      page.socket.close();
    });
  });
}
