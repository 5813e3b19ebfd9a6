import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {acksOf, asksOf, givenAsker} from '../../helpers/askers';
import {once, seconds} from '../../helpers/awaited';
import {Gate} from '../../helpers/gate';
import {SKIP_PYTHON, startPython} from '../../helpers/python';

const within = {skip: SKIP_PYTHON, timeout: seconds(30)};

describe('an ask of a client in Python', within, () => {
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
      const client = startPython('ask-client.py', server.url ?? '', transport);
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
