import {Application} from '@loopback/core';
import {RestBindings, RestComponent} from '@loopback/rest';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {JsonSchema} from '../../../dist/validation/argument-schema';
import {isPlain} from '../../../dist/validation/plain-schema';
import {convertSchema} from '../../../dist/validation/schema-compiler';

const KEYWORDS = [
  ...[
    '$ref',
    '$id',
    '$async',
    'type',
    'title',
    'description',
    'default',
    'enum',
    'const',
  ],
  ...['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  ...['patternProperties', 'propertyNames', 'dependencies', 'items', 'additionalItems'],
  ...['minItems', 'maxItems', 'uniqueItems', 'contains', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['pattern', 'format', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'nullable'],
  ...['example', 'examples', 'readOnly', 'deprecated', 'x-typescript-type', 'x-own'],
];

const OPERANDS = [
  ...[null, true, false, 0, 1, -1, 1.5, '', 'a', '(', '[a-', '\\p{L}', '^a+$'],
  ...[
    'string',
    'object',
    'array',
    'strin',
    'email',
    'date-time',
    'emial',
    'int32',
    'byte',
  ],
  ...[
    [],
    [1],
    [1, 1],
    ['a'],
    ['a', 'a'],
    ['string', 'null'],
    ['string', 'x'],
    [{}],
    [null],
  ],
  ...[[{type: 'string'}], [{type: 'x'}], {}, {type: 'string'}, {type: 'x'}, {a: {}}],
  ...[{a: {type: 'string'}}, {a: {type: 'x'}}, {a: 1}, {a: true}, {unknown: 1}],
  ...['#/components/schemas/A', '#/components/schemas/B', '#/components/schemas/A/type'],
  ...['#/components', '#', 'A', '#/components/schemas/%', {$data: '1/a'}],
];

describe('isPlain', () => {
  const app = new Application();
  app.component(RestComponent);
  const ajv = app.getSync(RestBindings.AJV_FACTORY)({$data: true});
  const definitions = {A: {type: 'string' as const}};

  it('accepts nothing that REST and AJV refuse', async () => {
    let accepted = 0;
    const contexts = [
      (schema: JsonSchema): JsonSchema => schema,
      (schema: JsonSchema) => ({type: 'object', ...schema}),
      (schema: JsonSchema) => ({type: 'array', items: schema}),
      (schema: JsonSchema) => ({type: 'object', properties: {a: schema}}),
      (schema: JsonSchema) => ({anyOf: [{type: 'string'}, schema]}),
    ];
    for (const keyword of KEYWORDS) {
      for (const operand of OPERANDS) {
        for (const place of contexts) {
          const given = {schema: place({[keyword]: operand}), definitions};
          if (!isPlain(given)) continue;
          accepted++;
          const title = `${JSON.stringify(given.schema)} is accepted`;
          const schema = await convertSchema(given).catch(() => assert.fail(title));
          assert.doesNotThrow(() => ajv.compile(schema), title);
          ajv.removeSchema(schema);
        }
      }
    }
    assert.ok(accepted > 300, String(accepted));
  });
});
