import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {socketMethod} from 'loopback4-socket';
import type {Socket, SocketServer} from 'loopback4-socket';
import type {GivenApp, Logged} from '../../helpers/app';
import {givenAuthenticated} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

const ESCAPES: Record<string, [name: string, logged: RegExp]> = {
  'a line break': ['x\nforged', /^socket\.on\('x\\u\{a\}forged'\)$/],
  'a carriage return': ['x\rforged', /x\\u\{d\}forged/],
  'an escape sequence': ['x\x1b[2Jforged', /x\\u\{1b\}\[2Jforged/],
  'a line separator': ['x\u2028forged', /x\\u\{2028\}forged/],
  'a change of direction': ['x\u202eforged', /x\\u\{202e\}forged/],
  'half a character': ['x\ud83dforged', /x\\u\{d83d\}forged/],
  'a word of other letters': ['größe 漢字 🙂', /^socket\.on\('größe 漢字 🙂'\)$/],
  'a hundred thousand characters': ['x'.repeat(100_000), /^socket\.on\('x{189}…$/],
};

class StrictController {
  @socketMethod('strict', {args: {type: 'number'}})
  strict(socket: Socket, credentials: unknown, args: number) {
    return args;
  }
}

/** A server whose `onAny` answers every event, by what cannot be sent or by what can. */
function givenAnswering(value: unknown): Promise<GivenApp> {
  const define = (server: SocketServer) => {
    server.defineMethod('known', () => 'too late');
    server.onConnected((socket: Socket) => {
      socket.onAny((name: string, ...args: unknown[]) => {
        const ack = args.at(-1);
        if (name !== 'authentication' && typeof ack === 'function') ack(value);
      });
    });
  };
  return givenServer(define, {}, {controllers: [StrictController]});
}

describe('a name that a client has chosen', () => {
  for (const [title, [name, logged]] of Object.entries(ESCAPES)) {
    it(`is logged so that it forges no line: ${title}`, async () => {
      await using given = await givenAnswering(1n);
      await using client = await givenAuthenticated(given.server.url);
      const {error} = await client.call(name);
      assert.equal(error.statusCode, 500);
      const [[, , source]] = given.logged as [Logged];
      assert.match(source.handler, logged);
    });
  }
});

describe('a refusal', () => {
  for (const [title, name, ...args] of [
    ['of a name that is no method', 'unknown'],
    ['of too many arguments', 'known', 1, {$call: {}}, 2],
    ['of bad call options', 'known', 1, {}],
    ['of args that a schema refuses', 'strict', 'text'],
    ['of a key that changes prototypes', 'known', JSON.parse('{"__proto__": 1}')],
  ]) {
    it(`${String(title)} is not logged though a listener has answered before it`, async () => {
      await using given = await givenAnswering('mine');
      await using client = await givenAuthenticated(given.server.url);
      assert.equal(await client.call(String(name), ...args), 'mine');
      assert.equal(await client.call('known'), 'mine');
      assert.deepEqual(given.logged, []);
    });
  }
});
