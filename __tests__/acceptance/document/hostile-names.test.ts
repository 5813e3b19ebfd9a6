import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Model, model, property} from '@loopback/repository';
import {SocketServer, socketEvent} from 'loopback4-socket';
import type {AsyncApiSpec} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {payloadOf, specOf} from '../../helpers/asyncapi';
import {AuthController} from '../../helpers/auth-controller';
import {Text} from '../../helpers/document-controllers';

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '<b>"bold"</b>',
  'a/b~c',
  'x'.repeat(10_000),
  'Größe 🙂',
  ' ',
  'socket.failure',
];

/** The names on the wire of the application's operations. */
const namesIn = ({operations}: AsyncApiSpec) =>
  Object.values(operations)
    .map(one => one['x-socket.io'] as {event: string; protocol?: boolean})
    .filter(({protocol}) => !protocol)
    .map(({event}) => event)
    .sort();

/** A model with one property of a type, and perhaps one that is another model. */
function modelOf(name: string, type: string, inner?: object) {
  class Some extends Model {}
  Object.defineProperty(Some, 'name', {value: name});
  property({type})(Some.prototype, 'value');
  if (inner) property({type: inner})(Some.prototype, 'inner');
  model()(Some);
  return Some;
}

describe('names in the AsyncAPI document', () => {
  it('may be any for methods', async () => {
    await using given = await givenApp({
      controllers: [AuthController],
      setup: app => {
        for (const name of NAMES) SocketServer.get(app).defineMethod(name, () => 1);
      },
    });
    assert.deepEqual(namesIn(await specOf(given.app)), [...NAMES].sort());
  });

  it('may be any for events and asks', async () => {
    class Events extends Object {}
    for (const name of NAMES) socketEvent(name, {payload: Text, answer: Text})(Events);
    await using given = await givenApp({controllers: [AuthController, Events]});
    assert.deepEqual(namesIn(await specOf(given.app)), [...NAMES].sort());
  });

  it('may be any for servers', async () => {
    const names = [
      '__proto__',
      'constructor',
      'default',
      'socket',
      '<b>',
      'a~b',
      'Größe',
    ];
    await using given = await givenApp({
      controllers: [AuthController],
      servers: Object.fromEntries(names.map(name => [name, {anonymous: true}])),
      setup: app => {
        for (const name of names)
          SocketServer.get(app, name).defineMethod('say', () => 1);
      },
    });
    const {channels} = await specOf(given.app);
    const titles = Object.values(channels).map(({title}) => title);
    assert.deepEqual(titles.sort(), ['SocketServer', ...names].sort());
  });

  it('may be any for models', async () => {
    class Events extends Object {}
    const names = ['<b>', 'Größe', 'a b'];
    names.forEach(name => {
      socketEvent(name, {payload: modelOf(name, 'string')})(Events);
    });
    await using given = await givenApp({controllers: [AuthController, Events]});
    const {schemas} = (await specOf(given.app)).components;
    for (const name of names) assert.ok(Object.hasOwn(schemas, name), name);
    assert.deepEqual(given.logged, []);
  });

  it('tell two models of one name apart, and the models that refer to them', async () => {
    class Events extends Object {}
    for (const [event, type] of Object.entries({one: 'string', two: 'number'})) {
      const inner = modelOf('Inner', type);
      socketEvent(event, {payload: modelOf('Outer', 'string', inner)})(Events);
      socketEvent(`${event}Again`, {payload: inner})(Events);
    }
    await using given = await givenApp({controllers: [AuthController, Events]});
    const spec = await specOf(given.app);
    const {schemas} = spec.components as {schemas: Record<string, any>};
    const target = ({$ref}: {$ref: string}) => $ref.replace('#/components/schemas/', '');
    const typeOf = (event: string) => {
      const outer = schemas[target(payloadOf(spec, event))];
      return schemas[target(outer.properties.inner)].properties.value.type;
    };
    assert.deepEqual([typeOf('one'), typeOf('two')], ['string', 'number']);
    const models = Object.keys(schemas).filter(name => !name.startsWith('socket.'));
    assert.deepEqual(models, ['Outer', 'Inner', 'Outer_2', 'Inner_2']);
  });

  it('are those of all models that are inside each other', async () => {
    class Events extends Object {}
    let inner: object | undefined;
    for (const name of ['One', 'Two', 'Three', 'Four', 'Five']) {
      inner = modelOf(name, 'string', inner);
      socketEvent(name, {payload: inner as typeof Text})(Events);
    }
    await using given = await givenApp({controllers: [AuthController, Events]});
    await specOf(given.app);
    assert.deepEqual(given.logged, []);
  });

  for (const [pattern, address] of [
    [/^\/a\/(\w+)\/(\w+)$/i, '/a/{parameter1}/{parameter2}'],
    [
      /^\/a\/(?<one>\w+)\/(\w+)\/(?<parameter2>\w+)$/,
      '/a/{one}/{parameter2}/{parameter2_2}',
    ],
    [/^\/(?<__proto__>\w+)$/, '/{__proto___2}'],
    [/b|c/, null],
  ] as const) {
    it(`are different for the parameters of ${String(pattern)}`, async () => {
      await using given = await givenApp({
        servers: {rooms: {anonymous: true, namespace: pattern}},
        setup: app => {
          SocketServer.get(app, 'rooms').defineMethod('say', () => 1);
        },
      });
      const {channels} = await specOf(given.app);
      assert.equal(channels.rooms.address, address);
    });
  }
});
