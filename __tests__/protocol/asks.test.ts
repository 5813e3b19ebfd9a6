import assert from 'node:assert/strict';
import {it} from 'node:test';
import {AskError} from 'loopback4-socket';
import {
  acksOf,
  asksOf,
  givenAsker,
  givenTab,
  nextAckId,
  socketOf,
} from '../helpers/askers';
import {once, until} from '../helpers/awaited';
import {givenClient} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {nested} from '../helpers/nested';
import {Queue} from '../helpers/queue';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';

type Ack = (reply?: unknown, ...more: unknown[]) => void;

/** Lets a client answer every ask of that name. */
function answers({socket}: TestClient, event: string, reply: unknown): void {
  socket.on(event, (...args: unknown[]) => (args.at(-1) as Ack)(reply));
}

/** Checks what an ask ends with. */
async function fails(ask: Promise<unknown>, statusCode: number, code: string) {
  const error: unknown = await ask.then(
    result => assert.fail(`has the result ${String(result)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AskError, String(error));
  assert.deepEqual([error.statusCode, error.code], [statusCode, code]);
  return error;
}

describeSection('Asks', options => {
  it('get the result that a client answers', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    const seen = new Queue<unknown>();
    tab.socket.on('confirm', (args: unknown, ack: Ack) => {
      seen.push(args);
      ack({result: true});
    });
    const question = {question: 'Now?'};
    const socket = socketOf(given, tab);
    assert.equal(await given.server.ask(socket, 'confirm', question), true);
    assert.equal(await given.server.askUser('ana', 'confirm', question), true);
    assert.deepEqual([await seen.next(), await seen.next()], [question, question]);
    assert.equal(acksOf(given) + asksOf(given), 0);
  });

  it('have listeners with one, two or three parameters', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    tab.socket.on('one', (ack: Ack) => ack({result: 1}));
    tab.socket.on('two', (args: unknown, ack: Ack) => ack({result: args}));
    tab.socket.on('three', (args: unknown, {$call}: {$call: {id: unknown}}, ack: Ack) =>
      ack({result: [args, typeof $call.id]}),
    );
    const {server} = given;
    const cancellable = true;
    assert.equal(await server.askUser('ana', 'one'), 1);
    assert.equal(await server.askUser('ana', 'one', undefined, {timeout: 5000}), 1);
    assert.equal(await server.askUser('ana', 'two', null), null);
    assert.equal(await server.askUser('ana', 'two', 2), 2);
    assert.deepEqual(await server.askUser('ana', 'three', 3, {cancellable}), [
      3,
      'string',
    ]);
    const none = await server.askUser('ana', 'three', undefined, {cancellable});
    assert.deepEqual(none, [null, 'string']);
  });

  it('take {} as the result undefined, falsy results, and binary data', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    tab.socket.on('echo', (args: {reply: unknown}, ack: Ack) => ack(args.reply, 'more'));
    for (const [reply, result] of [
      [{}, undefined],
      [{result: 0}, 0],
      [{result: null}, null],
      [{result: false}, false],
      [{result: Buffer.from('ab')}, Buffer.from('ab')],
    ]) {
      assert.deepEqual(await given.server.askUser('ana', 'echo', {reply}), result);
    }
  });

  for (const [title, error, expected] of [
    [
      'an ErrorBody',
      {statusCode: 403, code: 'NO', message: 'No.', details: [1]},
      {statusCode: 403, code: 'NO', message: 'No.', details: [1]},
    ],
    ['a text', 'No.', {statusCode: 500, message: 'No.'}],
    ['null', null, {statusCode: 500, message: 'The client has answered an error.'}],
    [
      'an object with wrong fields',
      {statusCode: 200, code: 1, message: {}},
      {statusCode: 500, message: 'The client has answered an error.'},
    ],
  ] as const) {
    it(`fail with the error of the client, such as ${title}`, async () => {
      await using given = await givenAsker();
      await using tab = await givenTab(given.server.url, 'ana', options);
      answers(tab, 'confirm', {error});
      const thrown: unknown = await given.server
        .askUser('ana', 'confirm')
        .catch((reason: unknown) => reason);
      assert.ok(thrown instanceof AskError);
      const {statusCode, code, message, details, value} = thrown;
      assert.deepEqual(
        {statusCode, code, message, details},
        {code: undefined, details: undefined, ...expected},
      );
      assert.deepEqual(value, error);
      assert.deepEqual(given.logged, []);
    });
  }

  it('fail with 404 where nobody is there', async () => {
    const early = new Gate();
    await using given = await givenAsker(server => {
      server.onConnected(async socket => {
        await fails(server.ask(socket, 'confirm'), 404, 'NOBODY_THERE');
        await fails(server.askUser('ben', 'confirm'), 404, 'NOBODY_THERE');
        early.open();
      });
    });
    const {server} = given;
    await fails(server.askUser('ana', 'confirm'), 404, 'NOBODY_THERE');
    await using ben = await givenTab(server.url, 'ben', options);
    await early.opened;
    await fails(server.askUser('ana', 'confirm'), 404, 'NOBODY_THERE');
    await using stranger = givenClient(server.url, options);
    await stranger.next('connect');
    await fails(server.ask(socketOf(given, stranger), 'confirm'), 404, 'NOBODY_THERE');
    const gone = socketOf(given, ben);
    gone.disconnect();
    await fails(server.ask(gone, 'confirm'), 404, 'NOBODY_THERE');
    assert.deepEqual([ben.names, stranger.names].flat().includes('confirm'), false);
  });

  it('fail with 410 when the last socket leaves, however it does', async () => {
    await using given = await givenAsker();
    const {server} = given;
    for (const leave of [
      (tab: TestClient) => tab.socket.disconnect(),
      (tab: TestClient) => tab.socket.io.engine.close(),
      () => server.disconnectUser('ana'),
    ]) {
      await using tab = await givenTab(server.url, 'ana', {
        ...options,
        reconnection: false,
      });
      await using other = await givenTab(server.url, 'ana', {
        ...options,
        reconnection: false,
      });
      const ask = server.askUser('ana', 'confirm');
      await Promise.all([tab.next('confirm'), other.next('confirm')]);
      leave(other);
      leave(tab);
      await fails(ask, 410, 'CLIENT_GONE');
      assert.equal(asksOf(given), 0);
    }
  });

  it('fail with 504 when nobody answers in time', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    const ask = given.server.askUser('ana', 'confirm', undefined, {timeout: 20});
    const error = await fails(ask, 504, 'CALL_TIMEOUT');
    assert.equal(error.message, 'Not answered within 20 ms.');
    assert.equal(acksOf(given) + asksOf(given), 0);
    assert.equal(tab.socket.connected, true);
  });

  for (const [title, reply] of [
    ['nothing', undefined],
    ['a value', true],
    ['null', null],
    ['an array', [{result: true}]],
    ['more than 64 levels', {result: JSON.parse(nested(70)) as unknown}],
    ['a key that is prohibited', {result: JSON.parse('{"__proto__":{"a":1}}') as object}],
  ] as const) {
    it(`fail with 502 when the answer is ${title}`, async () => {
      await using given = await givenAsker();
      await using tab = await givenTab(given.server.url, 'ana', options);
      answers(tab, 'confirm', reply);
      await fails(given.server.askUser('ana', 'confirm'), 502, 'BAD_ANSWER');
      assert.equal(acksOf(given) + asksOf(given), 0);
    });
  }

  it('fail with 502 when the result does not match their schema', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    tab.socket.on('age', (args: unknown, ack: Ack) => ack({result: args}));
    const {server} = given;
    const schema = {type: 'number'} as const;
    assert.equal(await server.askUser('ana', 'age', 7, {schema}), 7);
    const error = await fails(
      server.askUser('ana', 'age', 'x', {schema}),
      502,
      'BAD_ANSWER',
    );
    assert.equal((error.details as {code: string}[])[0].code, 'type');
    await assert.rejects(
      server.askUser('ana', 'age', 7, {schema: {type: 'nothing'} as any}),
      /"nothing" is not a valid type/,
    );
    assert.equal(asksOf(given), 0);
  });

  it('take the first answer of a user, without waiting for silent tabs', async () => {
    await using given = await givenAsker();
    const {url} = given.server;
    await using silent = await givenTab(url, 'ana', options);
    await using answering = await givenTab(url, 'ana', options);
    answers(answering, 'confirm', {result: 'yes'});
    assert.equal(await given.server.askUser('ana', 'confirm'), 'yes');
    assert.equal(acksOf(given) + asksOf(given), 0);
    await silent.next('confirm');
  });

  it('go on after a 404, a bad answer and a tab that leaves', async () => {
    await using given = await givenAsker();
    const {server} = given;
    await using older = await givenTab(server.url, 'ana', options);
    await using wrong = await givenTab(server.url, 'ana', options);
    await using gone = await givenTab(server.url, 'ana', options);
    await using right = await givenTab(server.url, 'ana', options);
    const acks = new Queue<Ack>();
    const replies: [TestClient, unknown][] = [
      [older, {error: {statusCode: 404, message: 'No such event.'}}],
      [wrong, 'yes'],
    ];
    for (const [tab, reply] of replies) {
      answers(tab, 'confirm', reply);
      answers(tab, 'unknown', reply);
    }
    right.socket.on('confirm', (ack: Ack) => acks.push(ack));
    const ask = server.askUser('ana', 'confirm');
    const left = once(socketOf(given, gone), 'disconnect');
    gone.socket.disconnect();
    await left;
    await until(() => acksOf(given) === 1);
    (await acks.next())({result: 'yes'});
    assert.equal(await ask, 'yes');
    socketOf(given, right).disconnect();
    const failing = server.askUser('ana', 'unknown');
    await assert.rejects(failing, ({statusCode}: AskError) =>
      [404, 502].includes(statusCode),
    );
  });

  it('end with the first error of a client that is no 404', async () => {
    await using given = await givenAsker();
    await using silent = await givenTab(given.server.url, 'ana', options);
    await using tab = await givenTab(given.server.url, 'ana', options);
    answers(tab, 'confirm', {error: {statusCode: 403, code: 'NO'}});
    await fails(given.server.askUser('ana', 'confirm'), 403, 'NO');
    await silent.next('confirm');
  });

  it('reject with the reason of a signal', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    const aborter = new AbortController();
    const {signal} = aborter;
    const ask = given.server.askUser('ana', 'confirm', undefined, {signal});
    await tab.next('confirm');
    aborter.abort('enough');
    await assert.rejects(ask, reason => reason === 'enough');
    const again = given.server.askUser('ana', 'confirm', undefined, {signal});
    await assert.rejects(again, reason => reason === 'enough');
    assert.equal(acksOf(given) + asksOf(given), 0);
  });

  it('send $cancel to those who have not answered', async () => {
    await using given = await givenAsker();
    const {server} = given;
    await using first = await givenTab(server.url, 'ana', options);
    await using second = await givenTab(server.url, 'ana', options);
    const acks = new Queue<Ack>();
    const ids = new Queue<string>();
    first.socket.on('confirm', (_args: unknown, {$call}: any, ack: Ack) => {
      ids.push($call.id);
      acks.push(ack);
    });
    const ask = server.askUser('ana', 'confirm', 1, {cancellable: true});
    await second.next('confirm');
    (await acks.next())({result: 'first'});
    assert.equal(await ask, 'first');
    assert.deepEqual(await second.next('$cancel'), {id: await ids.next()});

    const aborter = new AbortController();
    for (const settings of [{timeout: 20}, {signal: aborter.signal}]) {
      const failing = server.askUser('ana', 'confirm', 1, {
        ...settings,
        cancellable: true,
      });
      const id = await ids.next();
      if (!settings.timeout) aborter.abort();
      await assert.rejects(failing);
      assert.deepEqual(await first.next('$cancel'), {id});
      assert.deepEqual(await second.next('$cancel'), {id});
    }
    assert.deepEqual(
      first.names.filter(name => name === '$cancel'),
      ['$cancel', '$cancel'],
    );
  });

  it('of a room give each answer when it comes', async () => {
    await using given = await givenAsker();
    const {server} = given;
    await using ana = await givenTab(server.url, 'ana', options);
    await using ben = await givenTab(server.url, 'ben', options);
    await using eve = await givenTab(server.url, 'eve', options);
    await using wrong = await givenTab(server.url, 'wrong', options);
    await using gone = await givenTab(server.url, 'gone', options);
    const acks = new Queue<Ack>();
    answers(ana, 'position', {result: 1});
    answers(wrong, 'position', {error: 'lost'});
    ben.socket.on('position', (ack: Ack) => acks.push(ack));
    const names = new Map(
      Object.entries({ana, ben, eve, wrong, gone}).map(([name, {socket}]) => [
        socket.id,
        name,
      ]),
    );
    const seen: unknown[] = [];
    const early = new Set<unknown>();
    for await (const {socket, result, error} of server.askRoom(
      ['all', 'none'],
      'position',
      undefined,
      {timeout: 300},
    )) {
      const name = names.get(socket?.id);
      seen.push([name, error ? (error.code ?? error.message) : result]);
      early.add(name);
      // It waits for neither of the others.
      if (name === 'ana' || name === 'wrong') {
        if (early.size === 2) gone.socket.disconnect();
      }
      if (name === 'gone') (await acks.next())({result: 2});
    }
    assert.deepEqual(
      new Set(seen.slice(0, 2).map(String)),
      new Set(['ana,1', 'wrong,lost']),
    );
    assert.deepEqual(seen.slice(2), [
      ['gone', 'CLIENT_GONE'],
      ['ben', 2],
      ['eve', 'CALL_TIMEOUT'],
    ]);
    assert.equal(acksOf(given) + asksOf(given), 0);
    for await (const _ of server.askRoom('nobody', 'position')) assert.fail('somebody');
  });

  it('of a room end where the iteration does', async () => {
    await using given = await givenAsker();
    const {server} = given;
    await using ana = await givenTab(server.url, 'ana', options);
    await using ben = await givenTab(server.url, 'ben', options);
    answers(ana, 'position', {result: 1});
    const settings = {cancellable: true};
    for await (const {result} of server.askRoom('all', 'position', 0, settings)) {
      assert.equal(result, 1);
      break;
    }
    await ben.next('$cancel');
    assert.equal(acksOf(given) + asksOf(given), 0);
    const signal = AbortSignal.abort('enough');
    const aborted = server
      .askRoom('all', 'position', 0, {signal})
      [Symbol.asyncIterator]();
    await assert.rejects(aborted.next(), reason => reason === 'enough');
  });

  it('cannot have a reserved name, nor another timeout than ms above 0', async () => {
    await using given = await givenAsker();
    await using tab = await givenTab(given.server.url, 'ana', options);
    for (const name of ['', '$any', 'authenticated', 'disconnect']) {
      await assert.rejects(given.server.askUser('ana', name), /reserved or empty/);
      assert.throws(() => given.server.askRoom('all', name), /reserved or empty/);
    }
    for (const timeout of [0, -1, NaN, '1'] as any[]) {
      const ask = given.server.askUser('ana', 'confirm', 1, {timeout});
      await assert.rejects(ask, /timeout must be a number of ms above 0/);
    }
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await assert.rejects(given.server.askUser('ana', 'confirm', circular), RangeError);
    assert.equal(acksOf(given) + asksOf(given), 0);
    assert.deepEqual(tab.names, ['connect', 'authenticated']);
  });
});

describeSection('A server that stops', options => {
  it('ends asks with 503 when it has waited for calls', async () => {
    const entered = new Gate();
    const gate = new Gate();
    await using given = await givenAsker(server =>
      server.defineMethod('slow', async () => {
        entered.open();
        await gate.opened;
      }),
    );
    const {server} = given;
    await using tab = await givenTab(server.url, 'ana', options);
    const acks = new Queue<Ack>();
    tab.socket.on('confirm', (ack: Ack) => acks.push(ack));
    const waiting = server.askUser('ana', 'confirm');
    const answered = server.askUser('ana', 'confirm');
    const room = server.askRoom('all', 'confirm')[Symbol.asyncIterator]().next();
    const slow = tab.call('slow');
    await entered.opened;
    const stopped = server.stop();
    await tab.next('draining');
    await acks.next();
    (await acks.next())({result: 'late, but in time'});
    assert.equal(await answered, 'late, but in time');
    await fails(server.askUser('ana', 'confirm'), 503, 'SHUTTING_DOWN');
    gate.open();
    await fails(waiting, 503, 'SHUTTING_DOWN');
    await fails(room, 503, 'SHUTTING_DOWN');
    await slow;
    await stopped;
    assert.equal(asksOf(given), 0);
    await fails(server.askUser('ana', 'confirm'), 404, 'NOBODY_THERE');
  });
});

describeFrames('Asks', () => {
  it('are an event with an ack, and $cancel', async () => {
    await using given = await givenAsker();
    await using client = await RawClient.join(given.server.url);
    await client.send('42["authentication",{"id":"ana"}]');
    await client.next();
    const first = nextAckId(given);
    assert.ok(first >= 0 && first < 2 ** 30 + 10);
    const ask = given.server.askUser('ana', 'confirm', {question: 'Now?'});
    assert.equal(await client.next(), `42${first}["confirm",{"question":"Now?"}]`);
    await client.send(`43${first}[{"result":true}]`);
    assert.equal(await ask, true);
    const options = {cancellable: true, timeout: 20};
    const late = given.server.askUser('ana', 'confirm', undefined, options);
    const isLate = fails(late, 504, 'CALL_TIMEOUT');
    const [, id] = /\["confirm",null,\{"\$call":\{"id":"([^"]+)"\}\}\]$/.exec(
      (await client.next()) ?? '',
    ) ?? [undefined, 'none'];
    assert.equal(await client.next(), `42["$cancel",{"id":"${id}"}]`);
    await isLate;
    // It comes too late, and answers nothing.
    await client.send(`43${first + 1}[{"result":true}]`, '421["unknown"]');
    assert.equal(((await client.answerTo(1)) as any).error.statusCode, 404);
  });

  it('are not answered by an answer from before a restart', async () => {
    const firsts: number[] = [];
    for (let restart = 0; restart < 3; restart++) {
      await using given = await givenAsker();
      await using client = await RawClient.join(given.server.url);
      await client.send('42["authentication",{"id":"ana"}]');
      await client.next();
      const ask = given.server.askUser('ana', 'confirm', restart);
      const [, id] = /^42(\d+)\["confirm"/.exec((await client.next()) ?? '') ?? [];
      // The dialog of an earlier process.
      for (const earlier of firsts) await client.send(`43${earlier}[{"result":"old"}]`);
      await client.send(`43${id}[{"result":"new"}]`);
      assert.equal(await ask, 'new');
      firsts.push(Number(id));
    }
    assert.equal(new Set(firsts).size, 3);
  });
});
