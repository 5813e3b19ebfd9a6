import assert from 'node:assert/strict';
import {it} from 'node:test';
import type {MethodHandler} from 'loopback4-socket';
import {givenAuthenticated} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

describeSection('Arguments and call options', options => {
  async function givenNotes() {
    const notes: unknown[] = [];
    const given = await givenServer(server => {
      server.defineMethod('note', (_socket, _credentials, args) => {
        notes.push(args);
      });
    });
    return {given, notes};
  }

  const CALL = {$call: {id: '1', timeout: 50, traceparent: '00-0-0-00'}};
  const accepted: [string, unknown[], unknown][] = [
    ['no args', [], undefined],
    ['null', [null], undefined],
    ['undefined', [undefined], undefined],
    ['an object', [{a: [1]}], {a: [1]}],
    ['an array', [[1, 2]], [1, 2]],
    ['false', [false], false],
    ['0', [0], 0],
    ['an empty string', [''], ''],
    ['binary data', [Buffer.from('abc')], Buffer.from('abc')],
    ['an object that looks like call options', [CALL], CALL],
    ['call options', [1, CALL], 1],
    ['call options after null', [null, CALL], undefined],
    ['empty call options', [1, {$call: {}}], 1],
    ['unknown call options', [1, {$call: {color: 'red'}}], 1],
  ];
  for (const [title, sent, received] of accepted) {
    it(`accept ${title}, with an ack and without`, async () => {
      const {given, notes} = await givenNotes();
      await using _given = given;
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      client.socket.emit('note', ...sent);
      await using other = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await other.call('note', ...sent), {});
      assert.deepEqual(notes, [received, received]);
    });
  }

  const refused: [string, unknown][] = [
    ['null', null],
    ['undefined', undefined],
    ['a number', 5],
    ['a string', '$call'],
    ['an array', [CALL]],
    ['an empty object', {}],
    ['options without $call', {id: '1'}],
    ['options beside $call', {...CALL, id: '1'}],
    ['a $call that is null', {$call: null}],
    ['a $call that is a string', {$call: '1'}],
    ['a $call that is an array', {$call: ['1']}],
  ];
  for (const [title, second] of refused) {
    it(`refuse ${title} as a second argument with 400`, async () => {
      const {given, notes} = await givenNotes();
      await using _given = given;
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      client.socket.emit('note', 1, second);
      assert.deepEqual(await client.call('note', 1, second), {
        error: {
          statusCode: 400,
          name: 'BadRequestError',
          message: 'The second argument can only be call options: {$call: {…}}.',
        },
      });
      assert.deepEqual(notes, []);
      assert.deepEqual(given.logged, []);
    });
  }

  it('refuse more than two with 400 TOO_MANY_ARGUMENTS', async () => {
    const {given, notes} = await givenNotes();
    await using _given = given;
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    for (const sent of [
      [1, CALL, 2],
      [1, 2, 3, 4],
      [null, null, null],
    ]) {
      client.socket.emit('note', ...sent);
      assert.deepEqual(await client.call('note', ...sent), {
        error: {
          statusCode: 400,
          name: 'BadRequestError',
          message: 'Too many arguments.',
          code: 'TOO_MANY_ARGUMENTS',
        },
      });
    }
    assert.deepEqual(notes, []);
  });
});

/** An error that is thrown too late for an answer is logged. */
const LOGGED = 'the callback before a throw';

describeSection('Answers', options => {
  const answers: Record<string, [MethodHandler, object]> = {
    'a value': [() => ({a: 1}), {result: {a: 1}}],
    'a promised value': [async () => [1], {result: [1]}],
    'a called back value': [(_s, _c, _a, callback) => callback(null, 1), {result: 1}],
    undefined: [() => undefined, {}],
    'promised undefined': [async () => undefined, {}],
    'nothing called back': [(_s, _c, _a, callback) => callback(), {}],
    null: [() => null, {result: null}],
    false: [() => false, {result: false}],
    '0': [() => 0, {result: 0}],
    'an empty string': [() => '', {result: ''}],
    'binary data': [
      () => ({data: Buffer.from('abc')}),
      {result: {data: Buffer.from('abc')}},
    ],
    'a falsy first argument called back': [
      (_s, _c, _a, callback) => callback('', 'fine'),
      {result: 'fine'},
    ],
    'a value called back later, whatever is returned': [
      (_s, _c, _a, callback) => {
        setImmediate(callback, undefined, 'called back');
        return 'returned';
      },
      {result: 'called back'},
    ],
    'an error called back': [(_s, _c, _a, callback) => callback('no'), {error: 'no'}],
    'a throw before the callback': [
      (_s, _c, _a, callback) => {
        setImmediate(callback, undefined, 'late');
        throw 'first';
      },
      {error: 'first'},
    ],
    'a rejection before the callback': [
      async (_s, _c, _a, callback) => {
        setImmediate(callback, undefined, 'late');
        return Promise.reject('first');
      },
      {error: 'first'},
    ],
    [LOGGED]: [
      (_s, _c, _a, callback) => {
        callback(undefined, 'first');
        throw 'late';
      },
      {result: 'first'},
    ],
    'the callback’s result before its error': [
      (_s, _c, _a, callback) => {
        callback(undefined, 'first');
        callback('late');
      },
      {result: 'first'},
    ],
  };
  for (const [title, [handler, answer]] of Object.entries(answers)) {
    it(`carry ${title}`, async () => {
      await using given = await givenServer(server =>
        server.defineMethod('method', handler),
      );
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('method'), answer);
      assert.deepEqual(
        given.logged.map(([error]) => error),
        title === LOGGED ? ['late'] : [],
      );
    });
  }
});
