import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {acksOf, asksOf, givenAsker} from '../../helpers/askers';
import {once, seconds} from '../../helpers/awaited';
import {Gate} from '../../helpers/gate';

const CLIENT = join(__dirname, '../../../__tests__/fixtures/ask-client.py');

/** Debian's Python: the first one in the path may be another, without the package. */
const PYTHON = '/usr/bin/python3';
const {status} = spawnSync(PYTHON, ['-c', 'import socketio, requests, websocket']);
const skip = status === 0 ? false : 'python3-socketio is not installed';

describe('an ask of a client in Python', {skip, timeout: seconds(30)}, () => {
  for (const transport of ['websocket', 'polling']) {
    it(`gets what its handler returns, over ${transport}`, async () => {
      const entered = new Gate();
      await using given = await givenAsker(server =>
        server.onConnected(() => {
          // It is authenticated after its connected handlers.
          setImmediate(entered.open);
        }),
      );
      const {server} = given;
      const args = [CLIENT, server.url ?? '', transport];
      const client = spawn(PYTHON, args, {stdio: ['ignore', 'ignore', 'inherit']});
      try {
        await entered.opened;
        const ask = (event: string, ...rest: [args?: unknown, options?: object]) =>
          server.askUser('ana', event, ...rest);
        assert.equal(await ask('confirm', {question: 'Now?'}), true);
        assert.deepEqual(await ask('position'), {x: 1});
        assert.deepEqual(await ask('cancellable', 'args', {cancellable: true}), [
          'args',
          ['id'],
        ]);
        await assert.rejects(ask('no'), {statusCode: 403, message: 'No.'});
        await assert.rejects(ask('plain'), {code: 'BAD_ANSWER'});
        await assert.rejects(ask('nothing'), {code: 'BAD_ANSWER'});
        const unknown = ask('unknown', null, {timeout: 50});
        await assert.rejects(unknown, ({code}: {code: string}) =>
          ['BAD_ANSWER', 'CALL_TIMEOUT'].includes(code),
        );
        assert.equal(acksOf(given) + asksOf(given), 0);
      } finally {
        client.kill();
        await once(client, 'exit');
      }
    });
  }
});
