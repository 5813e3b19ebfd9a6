import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Application} from '@loopback/core';
import type {ControllerClass} from '@loopback/core';
import {RestApplication, RestBindings} from '@loopback/rest';
import {
  ErrorCodes,
  getAsyncApiSpec,
  SocketComponent,
  SocketEvents,
  SocketServer,
  socketEvent,
  socketMethod,
} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {operationsOf, payloadOf, specOf} from '../../helpers/asyncapi';
import {AuthController} from '../../helpers/auth-controller';
import {
  ChatController,
  RestController,
  TenantController,
} from '../../helpers/document-controllers';
import {givenExample} from '../../helpers/example';

const ALL = [AuthController, ChatController, TenantController, RestController];
const TENANTS = {namespace: /^\/tenants\/(?<tenant>\w+)$/, anonymous: true};

const given = () => givenApp({controllers: ALL, servers: {tenants: TENANTS}});

const xOf = (value: object | undefined): any =>
  (value as Record<string, unknown> | undefined)?.['x-socket.io'];

describe('the AsyncAPI document', () => {
  it('has each method once, with its args, result and texts', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const {say} = spec.operations;
    assert.equal(say.action, 'receive');
    assert.equal(say.summary, 'Says it to all.');
    assert.equal(say.description, 'A long text.');
    assert.equal(say['x-deprecated'], true);
    assert.deepEqual(say.tags, [{name: 'chat'}]);
    assert.deepEqual(say.channel, {$ref: '#/channels/default'});
    assert.deepEqual(xOf(say), {event: 'say', ack: 'reply', args: 'required'});
    assert.deepEqual(payloadOf(spec, 'say'), {$ref: '#/components/schemas/Text'});
    assert.deepEqual(spec.components.messages.say.examples, [
      {payload: {text: 'Hello', authorId: 1}},
    ]);
    const {result} = payloadOf(spec, 'say.result').properties;
    assert.deepEqual(result.properties, {delivered: {type: 'integer'}});
  });

  it('takes what is not declared from types', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    assert.deepEqual(payloadOf(spec, 'count'), {type: 'null'});
    assert.deepEqual(payloadOf(spec, 'count.result').properties.result, {type: 'number'});
    assert.deepEqual(payloadOf(spec, 'last.result').properties.result, {
      $ref: '#/components/schemas/Text',
    });
  });

  it('has an open schema where nothing is known', async () => {
    await using given_ = await givenApp({
      controllers: [AuthController],
      setup: app => {
        SocketServer.get(app).defineMethod('byHand', () => 1);
      },
    });
    const spec = await specOf(given_.app);
    assert.deepEqual(payloadOf(spec, 'byHand'), {});
    assert.deepEqual(payloadOf(spec, 'byHand.result').properties.result, {});
    assert.equal(xOf(spec.operations.byHand).args, 'optional');
  });

  it('has models by the names and with the schemas of /openapi.json', async () => {
    await using given_ = await given();
    const {schemas} = (await specOf(given_.app)).components;
    const openApi = await fetch(`${urlOf(given_.app)}/openapi.json`);
    const {components} = await openApi.json();
    const text: any = schemas.Text;
    assert.deepEqual(
      Object.keys(text.properties),
      Object.keys(components.schemas.Text.properties),
    );
    assert.deepEqual(text.required, components.schemas.Text.required);
    assert.deepEqual(text.properties.title, {type: ['string', 'null']});
    assert.deepEqual(text.properties.state, {type: 'string', enum: ['new', 'read']});
    assert.deepEqual(text.properties.at, {type: 'string', format: 'date-time'});
    assert.deepEqual(text.properties.replyTo, {$ref: '#/components/schemas/Text'});
    assert.doesNotMatch(JSON.stringify(schemas), /tsType|x-typescript-type|nullable/);
  });

  it('has streams with their items, and uploads', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const {positions, ticks, photo} = spec.operations;
    assert.deepEqual(xOf(positions), {
      event: 'positions',
      ack: 'stream',
      args: 'optional',
    });
    assert.deepEqual(payloadOf(spec, 'positions.item'), {
      $ref: '#/components/schemas/Position',
    });
    assert.equal(xOf(ticks).ack, 'stream');
    assert.deepEqual(payloadOf(spec, 'ticks.item'), {});
    assert.equal(xOf(photo).upload, true);
  });

  it('has the events and asks that classes declare', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const {said, confirm} = spec.operations;
    assert.equal(said.action, 'send');
    assert.equal(said.reply, undefined);
    assert.deepEqual(xOf(said), {event: 'said', ack: 'none'});
    assert.deepEqual(payloadOf(spec, 'said'), {$ref: '#/components/schemas/Text'});
    assert.equal(confirm.action, 'send');
    assert.equal(confirm.reply?.messages.length, 2);
    assert.deepEqual(payloadOf(spec, 'confirm.result').properties, {
      result: {type: 'boolean'},
    });
  });

  it('keeps names that AsyncAPI cannot have in x-socket.io', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const name = 'any name, with "signs" & <b>markup</b>';
    const found = Object.values(spec.operations).filter(one => xOf(one).event === name);
    assert.equal(found.length, 1);
    assert.equal(found[0].title, name);
  });

  it('leaves out what is undocumented', async () => {
    await using given_ = await given();
    const names = operationsOf(await specOf(given_.app));
    for (const name of ['secret', 'hidden', 'internal']) {
      assert.ok(!names.includes(name), name);
    }
    assert.ok(names.includes('say'));
  });

  it('has a channel for each server, and methods of one name on two servers', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    assert.equal(spec.channels.default.address, '/');
    assert.equal(spec.channels.tenants.address, '/tenants/{tenant}');
    assert.deepEqual(Object.keys(spec.channels.tenants.parameters ?? {}), ['tenant']);
    assert.equal(xOf(spec.operations.say).event, 'say');
    assert.equal(xOf(spec.operations['tenants.say']).event, 'say');
    assert.deepEqual(spec.operations['tenants.say'].channel, {
      $ref: '#/channels/tenants',
    });
  });

  it('says how clients authenticate', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    assert.deepEqual(spec.operations.say.security, [
      {$ref: '#/components/securitySchemes/SocketServer'},
    ]);
    assert.equal(spec.operations['tenants.say'].security, undefined);
  });

  it('describes methods that are REST operations as well, and names the operation', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const {find, create} = spec.operations;
    assert.equal(find.summary, 'Finds a text.');
    assert.equal(find['x-openapi-operation'], 'openapi.json#/paths/~1texts~1{id}/get');
    const args = payloadOf(spec, 'find');
    assert.deepEqual(Object.keys(args.properties), ['id', 'deep']);
    assert.deepEqual(args.required, ['id']);
    assert.deepEqual(payloadOf(spec, 'find.result').properties.result, {
      $ref: '#/components/schemas/Text',
    });
    assert.equal(xOf(create).args, 'optional');
    assert.deepEqual(payloadOf(spec, 'create').properties.body, {
      $ref: '#/components/schemas/Text',
    });
  });

  it('marks the events of the protocol, and the default server', async () => {
    await using given_ = await given();
    const {channels, operations} = await specOf(given_.app);
    for (const operation of Object.values(operations)) {
      const {event, protocol} = xOf(operation);
      const isOfProtocol = Object.values<string>(SocketEvents).includes(event as string);
      assert.equal(protocol, isOfProtocol || undefined, event as string);
    }
    const marked = Object.entries(channels).filter(
      ([, channel]) => (channel['x-socket.io'] as {default?: boolean}).default,
    );
    assert.deepEqual(
      marked.map(([key]) => key),
      ['default'],
    );
  });

  it('has a schema for each event of the protocol, and all codes', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const events = Object.values(spec.components.messages).map(({name}) => name);
    for (const event of Object.values(SocketEvents)) assert.ok(events.includes(event));
    const {properties} = spec.components.schemas['socket.ErrorBody'] as any;
    assert.deepEqual(properties.code.anyOf[0].enum, Object.values(ErrorCodes));
  });

  it('is valid for the example, without REST, without servers, and before the start', async () => {
    await using example = await givenExample();
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- made by mixins
    await specOf(example.application);
    await using plain = await givenApp({
      controllers: [AuthController],
      plain: true,
      component: {http: {port: 0, host: '127.0.0.1'}},
    });
    assert.deepEqual(Object.keys((await specOf(plain.app)).channels), ['default']);
    const empty = new RestApplication();
    empty.component(SocketComponent);
    assert.deepEqual((await specOf(empty)).channels, {});
    const unstarted = new Application();
    unstarted.component(SocketComponent);
    unstarted.controller(AuthController);
    unstarted.controller(ChatController as ControllerClass);
    assert.ok((await specOf(unstarted)).operations.say);
  });

  it('fails without the component', async () => {
    await assert.rejects(getAsyncApiSpec(new Application()), /socket.asyncApi/);
  });

  it('follows changes, and is kept until one', async () => {
    await using given_ = await given();
    const {app, server} = given_;
    const names = async () => operationsOf(await getAsyncApiSpec(app));
    assert.ok(!(await names()).includes('later'));
    server.defineMethod('later', () => 1);
    assert.ok((await names()).includes('later'));
    server.removeMethod('later');
    assert.ok(!(await names()).includes('later'));
    class LateController {
      @socketMethod()
      late() {
        return 1;
      }
    }
    app.controller(LateController);
    await server.start();
    assert.ok((await names()).includes('late'));
  });

  it('is made at the first request, and is the same until a change', async () => {
    await using given_ = await given();
    const document = given_.app.getSync<{get(): Promise<object>}>('socket.asyncApi');
    const first = await document.get();
    assert.equal(await document.get(), first);
    given_.app.bind('anything').to(1);
    assert.notEqual(await document.get(), first);
  });

  it('has the method with an open schema when its schema cannot be described, and logs why', async () => {
    class Undecorated {
      readonly member = 1;
    }
    class Careless {
      @socketMethod({result: Undecorated})
      odd() {
        return 1;
      }
    }
    await using given_ = await givenApp({controllers: [AuthController, Careless]});
    const spec = await specOf(given_.app);
    await specOf(given_.app);
    assert.deepEqual(payloadOf(spec, 'odd.result').properties.result, {});
    const messages = given_.logged.map(([error]) => (error as Error).message);
    assert.equal(messages.length, 1);
    assert.match(
      messages[0],
      /^Careless.odd: the document has an open schema, because: /,
    );
  });

  it('refuses an event that a class declares twice, or two classes differently', async () => {
    assert.throws(() => {
      @socketEvent('a')
      @socketEvent('a')
      class Twice {}
      return Twice;
    }, /Twice declares the event twice/);
    @socketEvent('a', {payload: {type: 'string'}})
    class One {}
    @socketEvent('a', {payload: {type: 'number'}})
    class Other {}
    const starting = givenApp({controllers: [AuthController, One, Other]});
    await assert.rejects(starting, /declares the event with another payload/);
  });
});

function urlOf(app: Application): string {
  return app.getSync(RestBindings.SERVER).url ?? '';
}
