import type {ControllerClass} from '@loopback/core';
import {Model, model, property} from '@loopback/repository';
import {getModelSchemaRef, param, post, requestBody} from '@loopback/rest';
import type {SchemaObject} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import {givenAuthenticated} from '../../helpers/client';
import {callUntil, isResult} from '../../helpers/retry';
import {assertStartFails} from '../../helpers/start-up-errors';

@model()
class Mistyped extends Model {
  @property({type: 'string', jsonSchema: {format: 'emial'}})
  address?: string;
}

class NoModel {
  text!: string;
}

/** A class whose one method has these args. */
function withArgs(args: SocketSchema): ControllerClass {
  class Bad {
    @socketMethod('say', {args})
    say() {
      return 'said';
    }
  }
  return Bad;
}

class BadBody {
  @post('/say')
  @socketMethod('say')
  say(
    @requestBody({
      content: {'application/json': {schema: {$ref: '#/components/schemas/Nowhere'}}},
    })
    body: object,
  ) {
    return body;
  }
}

class BadParameter {
  @post('/say')
  @socketMethod('say')
  say(
    @param.query.string('text', {schema: {type: 'string', pattern: '('}}) text: string,
  ) {
    return text;
  }
}

class BadType {
  @socketMethod('say')
  say(_socket: unknown, _credentials: unknown, args: Mistyped) {
    return args;
  }
}

const REFUSED: Record<string, [ControllerClass, RegExp]> = {
  'an unknown type': [
    withArgs({type: 'strin'} as unknown as SchemaObject),
    /Bad\.say: the schema of its args cannot be compiled: Type "strin" is not a valid type/,
  ],
  'an unknown keyword': [
    withArgs({type: 'object', requierd: ['a']}),
    /Bad\.say: .*unknown keyword: "requierd"/,
  ],
  'an unknown keyword far down': [
    withArgs({
      type: 'array',
      items: {type: 'object', properties: {a: {typ: 'string'} as SchemaObject}},
    }),
    /Bad\.say: .*unknown keyword: "typ"/,
  ],
  'a value that its keyword does not take': [
    withArgs({type: 'string', minLength: '1' as unknown as number}),
    /Bad\.say: .*minLength/,
  ],
  'an unknown format': [
    withArgs({type: 'string', format: 'emial'}),
    /Bad\.say: .*unknown format "emial"/,
  ],
  'a pattern that is no regular expression': [
    withArgs({type: 'string', pattern: '('}),
    /Bad\.say: .*Invalid regular expression/,
  ],
  'a reference to nothing': [
    withArgs({$ref: '#/components/schemas/Nowhere'}),
    /Bad\.say: .*can't resolve reference #\/components\/schemas\/Nowhere.*\$ref names/,
  ],
  'a reference to nothing in a list': [
    withArgs({type: 'array', items: {$ref: '#/components/schemas/Nowhere'}}),
    /Bad\.say: .*Nowhere/,
  ],
  'a model with an unknown format': [
    withArgs(getModelSchemaRef(Mistyped)),
    /Bad\.say: .*unknown format "emial"/,
  ],
  'a type of the parameter with an unknown format': [
    BadType,
    /BadType\.say: .*unknown format "emial"/,
  ],
  'a body with a reference to nothing': [BadBody, /BadBody\.say: .*Nowhere/],
  'a parameter with a pattern that is none': [
    BadParameter,
    /BadParameter\.say: .*Invalid regular expression/,
  ],
  'a class that is no model': [
    withArgs(NoModel),
    /Bad\.say: `args` is the class NoModel, which has no @model.*Decorate the class/,
  ],
};

const anonymous = {'': {anonymous: true}};

describe('args that cannot be checked', () => {
  for (const [title, [controller, says]] of Object.entries(REFUSED)) {
    it(`stop the start: ${title}`, async () => {
      for (const plain of [false, true]) {
        const given = {controllers: [controller], servers: anonymous, plain};
        await assertStartFails(given, says);
      }
    });
  }

  it('are told of all at once', async () => {
    class Another {
      @socketMethod('other', {args: {type: 'string', format: 'datetime'}})
      other() {
        return 1;
      }
    }
    const [controller] = REFUSED['an unknown keyword'];
    await assert.rejects(
      givenApp({controllers: [controller, Another], servers: anonymous}),
      /Bad\.say.*requierd[^]*Another\.other.*datetime/,
    );
  });

  it('are logged once when their controller comes while the server runs', async () => {
    class Good {
      @socketMethod('good', {args: {type: 'string'}})
      good() {
        return 'fine';
      }
    }
    await using given = await givenApp({controllers: [Good], servers: anonymous});
    await using client = await givenAuthenticated(given.server.url);
    const [controller, says] = REFUSED['a reference to nothing'];
    given.app.controller(controller);
    for (const name of ['first', 'second']) {
      class Marker {
        @socketMethod(name)
        marker() {
          return 'seen';
        }
      }
      given.app.controller(Marker, name);
      await callUntil(client, isResult, name);
    }
    assert.deepEqual(await client.call('good', 'a'), {result: 'fine'});
    assert.equal((await client.call('say', {})).error.statusCode, 500);
    const messages = given.logged.map(([error]) => (error as Error).message);
    assert.equal(messages.length, 2, messages.join('\n'));
    assert.match(messages[0], says);
  });

  it('are none of these: schemas that share a $id', async () => {
    const one = (minimum: number): SchemaObject => ({
      $id: 'same',
      type: 'number',
      minimum,
    });
    class Same {
      @socketMethod('one', {args: one(1)})
      @socketMethod('ten', {args: one(10)})
      one() {
        return 'fine';
      }
    }
    await using given = await givenApp({controllers: [Same], servers: anonymous});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('one', 1), {result: 'fine'});
    assert.deepEqual(await client.call('ten', 10), {result: 'fine'});
    assert.equal((await client.call('one', 0)).error.statusCode, 422);
    assert.equal((await client.call('ten', 9)).error.statusCode, 422);
  });
});
