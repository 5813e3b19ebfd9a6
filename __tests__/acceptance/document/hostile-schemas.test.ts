import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {getModelSchemaRef} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {payloadOf, specOf} from '../../helpers/asyncapi';
import {AuthController} from '../../helpers/auth-controller';
import {RestController, Text} from '../../helpers/document-controllers';

const TEXT = '#/components/schemas/Text';

/** A property that holds its own owner. */
function circle(name: string) {
  const value: Record<string, any> = {type: 'object', [name]: {}};
  value[name].value = value;
  return value;
}

/** The document's schema of a method's result, and what was logged. */
async function described(result: unknown) {
  class Methods {
    @socketMethod({result: result as SocketSchema})
    load() {
      return 1;
    }
  }
  await using given = await givenApp({
    controllers: [AuthController, RestController, Methods],
  });
  const spec = await specOf(given.app);
  const logged = given.logged.map(([error]) => (error as Error).message);
  return {schema: payloadOf(spec, 'load.result').properties.result, logged, spec};
}

describe('a schema in the AsyncAPI document', () => {
  class Plain extends Object {}
  const open: Record<string, [schema: unknown, reason: RegExp]> = {
    'that is circular': [circle('properties'), /call stack/],
    'with a circular default': [circle('default'), /circular/],
    'with a bigint': [{type: 'integer', default: 1n}, /BigInt/],
    'that refers to nothing': [{$ref: `${TEXT}s`}, /there is no schema #.*Texts/],
    'that refers to another part': [{$ref: '#/components/parameters/id'}, /no schema/],
    'that refers to another document': [{$ref: 'http://a.example/b.json'}, /no schema/],
    'of a class without @model': [Plain, /Plain has no @model/],
  };
  for (const [name, [schema, reason]] of Object.entries(open)) {
    it(`${name} is open, and the reason is logged`, async () => {
      const found = await described(schema);
      assert.deepEqual(found.schema, {});
      assert.equal(found.logged.length, 1);
      assert.match(found.logged[0], /^Methods\.load: the document has an open schema/);
      assert.match(found.logged[0], reason);
    });
  }

  const closed: Record<string, [schema: unknown, expected: object]> = {
    'with a function as default': [{type: 'string', default: () => 1}, {type: 'string'}],
    'with a date as example': [
      {type: 'string', example: new Date(0)},
      {type: 'string', examples: ['1970-01-01T00:00:00.000Z']},
    ],
    'that refers to a model': [{$ref: TEXT}, {$ref: TEXT}],
    'that is an enum or null': [
      {type: 'string', enum: ['a'], nullable: true},
      {type: ['string', 'null'], enum: ['a', null]},
    ],
    'that is a constant or null': [
      {type: 'string', const: 'a', nullable: true},
      {anyOf: [{type: 'string', const: 'a'}, {type: 'null'}]},
    ],
    'that is a model or null': [
      {$ref: TEXT, nullable: true},
      {anyOf: [{$ref: TEXT}, {type: 'null'}]},
    ],
    'with properties that read like keywords': [
      {type: 'object', properties: {nullable: {type: 'string'}}},
      {type: 'object', properties: {nullable: {type: 'string'}}},
    ],
    'of a part of a model': [
      getModelSchemaRef(Text, {partial: true, exclude: ['id']}),
      {$ref: '#/components/schemas/TextPartialExcluding_id_'},
    ],
  };
  for (const [name, [schema, expected]] of Object.entries(closed)) {
    it(`${name} is described`, async () => {
      const found = await described(schema);
      assert.deepEqual(found.schema, expected);
      assert.deepEqual(found.logged, []);
    });
  }

  it('has the examples that JSON can have, and each tag once', async () => {
    class Methods {
      @socketMethod({examples: [undefined, 1n, new Date(0)], tags: ['one', 'one']})
      say(_socket: unknown, _credentials: unknown, anything: any) {
        return anything as unknown;
      }
    }
    await using given = await givenApp({controllers: [AuthController, Methods]});
    const {components, operations} = await specOf(given.app);
    assert.deepEqual(components.messages.say.examples, [
      {payload: '1970-01-01T00:00:00.000Z'},
    ]);
    assert.deepEqual(operations.say.tags, [{name: 'one'}]);
    assert.equal(given.logged.length, 1);
  });
});
