import assert from 'node:assert/strict';
import {text} from 'node:stream/consumers';
import {describe, it} from 'node:test';
import {once, seconds} from '../../helpers/awaited';
import {SKIP_PYTHON, startPython} from '../../helpers/python';
import {RawSocket} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';
import {count, givenStreams, Ticker} from '../../helpers/streams';

const NUMBERS = [...Array(100).keys()];

describe('a stream', {timeout: seconds(30)}, () => {
  for (const transport of ['websocket', 'polling']) {
    const title = `is read with python-socketio over ${transport}, also by reads that time out`;
    it(title, {skip: SKIP_PYTHON}, async () => {
      const ticker = new Ticker();
      let waits = 0;
      await using app = await givenStreams(ticker, {}, server => {
        server.defineMethod('binary', async function* () {
          for (const item of ['a', 'b', 'c'])
            yield await Promise.resolve(Buffer.from(item));
        });
        server.onConnected(socket => {
          socket.onAny((event, body: {wait?: number}) => {
            // Two reads of three get nothing in time.
            if (event === '$next' && body.wait && ++waits % 3 === 0) ticker.tick(waits);
          });
        });
      });
      const client = startPython('stream-client.py', app.server.url ?? '', transport);
      const printed = text(client.stdout!);
      const [code] = await once(client, 'exit');
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(await printed), {
        count: NUMBERS,
        binary: ['a', 'b', 'c'],
        slow: [3, 6, 9],
      });
      await ticker.ended.next();
      assert.deepEqual(app.logged, []);
    });
  }

  it('is read over a raw websocket', async () => {
    await using app = await givenServer(server =>
      server.defineMethod('count', (_socket, _credentials, to: number) => count(to)),
    );
    await using raw = await RawSocket.authenticated(app.server.url);
    const call = async (id: number, ...packet: unknown[]) => {
      raw.send(`42${id}${JSON.stringify(packet)}`);
      const answer = await raw.next(`43${id}[`);
      return (JSON.parse(answer.slice(`43${id}`.length)) as any[])[0];
    };
    const {stream} = await call(1, 'count', 100);
    const items: unknown[] = [];
    for (let done = false, id = 2; !done; id++) {
      const {result} = await call(id, '$next', {stream, got: items.length, max: 9});
      items.push(...result.items);
      done = result.done;
    }
    assert.deepEqual(items, NUMBERS);
  });
});
