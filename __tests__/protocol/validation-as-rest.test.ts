import {Application} from '@loopback/core';
import type {ControllerClass} from '@loopback/core';
import {Model, model, property} from '@loopback/repository';
import {
  getJsonSchemaRef,
  getModelSchemaRef,
  post,
  requestBody,
  RestApplication,
  RestBindings,
  RestComponent,
  RestServer,
} from '@loopback/rest';
import type {RequestBodyParserOptions, SchemaObject} from '@loopback/rest';
import {
  SocketBindings,
  SocketComponent,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {authenticateByToken} from '../helpers/app';
import {givenAuthenticated} from '../helpers/client';
import type {Answer, ClientOptions, TestClient} from '../helpers/client';
import {callUntil, isResult} from '../helpers/retry';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

@model()
class Tag extends Model {
  @property({type: 'string', required: true, jsonSchema: {maxLength: 8}})
  text!: string;
}

@model()
class Note extends Model {
  @property({type: 'string', required: true})
  title!: string;

  @property.array(Tag)
  tags?: Tag[];
}

/** A model that only REST operations of another controller name. */
@model()
class Elsewhere extends Model {
  @property({type: 'number', required: true})
  size!: number;
}

class ElsewhereController {
  @post('/elsewhere')
  add(@requestBody() elsewhere: Elsewhere) {
    return elsewhere;
  }
}

const API = {
  openapi: '3.0.0',
  info: {title: 'App', version: '1'},
  paths: {},
  components: {
    schemas: {
      Document: {
        type: 'object' as const,
        required: ['title'],
        properties: {
          title: {type: 'string' as const},
          owner: {$ref: '#/components/schemas/Owner'},
        },
      },
      Owner: {type: 'object' as const, properties: {id: {type: 'integer' as const}}},
    },
  },
};

async function setApi(app: Application): Promise<void> {
  (await app.getServer(RestServer)).api(API);
}

interface Row {
  /** Made anew for REST and for sockets, because REST changes what it is given. */
  schema: () => SocketSchema;
  right: unknown[];
  wrong: unknown[];
  /** Only sockets take it. */
  withoutRest?: boolean;
}

const note = {title: 'a', tags: [{text: 'b'}]};
const wrongNotes = [{}, {title: 1}, {title: 'a', tags: [{}]}, {title: 'a', more: 1}];

const ROWS: Record<string, Row> = {
  'a model with a model in it': {
    schema: () => getModelSchemaRef(Note),
    right: [note],
    wrong: wrongNotes,
  },
  'a list of models': {
    schema: () => ({type: 'array', items: getModelSchemaRef(Note)}),
    right: [[], [note, note]],
    wrong: [note, [note, {}], [{title: 'a', tags: [{text: 'too long for it'}]}]],
  },
  'an object of models': {
    schema: () => ({
      type: 'object',
      required: ['one'],
      properties: {
        one: getModelSchemaRef(Note),
        others: {type: 'array', items: getModelSchemaRef(Tag, {partial: true})},
      },
    }),
    right: [{one: note}, {one: note, others: [{}]}],
    wrong: [{}, {one: {}}, {one: note, others: [{text: 1}]}],
  },
  'one of two models': {
    schema: () => ({oneOf: [getModelSchemaRef(Note), getModelSchemaRef(Tag)]}),
    right: [note, {text: 'a'}],
    wrong: [{}, {title: 'a', text: 'a'}],
  },
  'any of two models, or all of two': {
    schema: () => ({
      anyOf: [
        {allOf: [getModelSchemaRef(Tag), {type: 'object', required: ['text']}]},
        getModelSchemaRef(Elsewhere),
      ],
    }),
    right: [{text: 'a'}, {size: 1}],
    wrong: [{}, {size: 'a'}],
  },
  'a class': {schema: () => ({'x-ts-type': Note}), right: [note], wrong: wrongNotes},
  'a list of a class': {
    schema: () => ({type: 'array', items: {'x-ts-type': Note}}),
    right: [[note]],
    wrong: [[{}], {}],
  },
  'a list of strings': {
    schema: () => ({type: 'array', items: {'x-ts-type': String}}),
    right: [['a']],
    wrong: [[1], 'a'],
  },
  'a component of the application, with another in it': {
    schema: () => ({$ref: '#/components/schemas/Document'}),
    right: [{title: 'a'}, {title: 'a', owner: {id: 1}}],
    wrong: [{}, {title: 'a', owner: {id: 'x'}}],
  },
  'a list of components of another controller': {
    schema: () => ({type: 'array', items: {$ref: '#/components/schemas/Elsewhere'}}),
    right: [[{size: 1}]],
    wrong: [[{}], [{size: 'a'}]],
  },
  'what may be null, by the words of OpenAPI': {
    schema: () => ({
      type: 'object',
      properties: {at: {type: 'string', nullable: true, example: 'here'}},
    }),
    right: [{at: null}, {at: 'there'}],
    wrong: [{at: 1}],
  },
  'a map of models': {
    schema: () => ({type: 'object', additionalProperties: getModelSchemaRef(Tag)}),
    right: [{a: {text: 'b'}}],
    wrong: [{a: {}}],
    withoutRest: true,
  },
  'a model as JSON schema has it': {
    schema: () => getJsonSchemaRef(Note) as SchemaObject,
    right: [note],
    wrong: wrongNotes,
    withoutRest: true,
  },
  'a built-in class': {
    schema: () => String,
    right: ['a'],
    wrong: [1, {}],
    withoutRest: true,
  },
};

/** A method of the given schema, for sockets and for REST. */
function controllerOf({schema, withoutRest}: Row): ControllerClass {
  class OneController {
    @socketMethod('one', {args: schema()})
    one(_socket: Socket, _credentials: unknown, args: unknown) {
      return args;
    }
  }
  if (withoutRest) return OneController;

  class BothController extends OneController {
    @post('/one')
    @socketMethod('both')
    both(
      @requestBody({content: {'application/json': {schema: schema()}}})
      body: any,
    ) {
      return body;
    }
  }
  return BothController;
}

async function postTo(
  url: string | undefined,
  path: string,
  body: unknown,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body),
  });
  const answer: any = await response.json();
  return response.ok ? {result: answer} : answer;
}

/** The method's args, and the body of the operation, are answered as REST answers the body. */
async function assertAsRest(client: TestClient, url: string | undefined, value: unknown) {
  const answer = await postTo(url, '/one', value);
  assert.deepEqual(
    await client.call('both', {body: value}),
    answer,
    JSON.stringify(value),
  );
  const {result, error} = await client.call('one', value);
  // Its message speaks of args.
  if (error) error.message = answer.error?.message;
  assert.deepEqual({result, error}, {result: undefined, error: undefined, ...answer});
}

describeSection('Validation', options => {
  for (const [title, row] of Object.entries(ROWS)) {
    it(`takes any schema that REST takes: ${title}`, async () => {
      await using given = await givenServer(
        undefined,
        {},
        {
          controllers: [controllerOf(row), ElsewhereController],
          setup: setApi,
        },
      );
      const {url} = given.server;
      await using client = await givenAuthenticated(url, undefined, options);
      for (const value of row.right) {
        assert.deepEqual(await client.call('one', value), {result: value});
        if (!row.withoutRest) await assertAsRest(client, url, value);
      }
      for (const value of row.wrong) {
        const {error} = await client.call('one', value);
        assert.equal(error?.code, 'VALIDATION_FAILED', JSON.stringify(value));
        if (!row.withoutRest) await assertAsRest(client, url, value);
      }
      assert.deepEqual(given.logged, []);
    });
  }

  it('checks by a schema of the application that is bound after the server started', async () => {
    await using given = await givenServer(undefined, {}, {setup: setApi});
    const {url} = given.server;
    await using client = await givenAuthenticated(url, undefined, options);
    given.app.controller(ElsewhereController);
    given.app.controller(
      controllerOf(ROWS['a list of components of another controller']),
    );
    await callUntil(client, isResult, 'one', [{size: 1}]);
    assert.equal((await client.call('one', [{}])).error.code, 'VALIDATION_FAILED');
  });
});

const EVEN = {
  keyword: 'even',
  type: 'number' as const,
  validate: (_on: boolean, value: number) => value % 2 === 0,
};

const CONFIGURED: SocketSchema & SchemaObject = {
  type: 'object',
  properties: {
    n: {type: 'number', even: true},
    s: {type: 'string', maxLength: 2, errorMessage: {maxLength: 'too long'}},
  },
};

const PARSING: RequestBodyParserOptions = {
  validation: {
    prohibitedKeys: ['$where'],
    ajvErrors: {},
    keywords: [EVEN],
    ajvErrorTransformer: errors =>
      errors.map(error => ({...error, message: `It ${error.message}.`})),
  },
};

/** Each configures REST in one of the ways that LoopBack has. */
const WAYS: Record<
  string,
  () => Promise<[Application, RestServer]> | [Application, RestServer]
> = {
  'the configuration of the application': () => {
    const app = new RestApplication({
      rest: {port: 0, host: '127.0.0.1', requestBodyParser: PARSING},
    });
    return [app, app.restServer];
  },
  'a binding of the application': () => {
    const app = new RestApplication({rest: {port: 0, host: '127.0.0.1'}});
    app.bind(RestBindings.REQUEST_BODY_PARSER_OPTIONS).to(PARSING);
    return [app, app.restServer];
  },
  'a binding of the REST server': () => {
    const app = new RestApplication({rest: {port: 0, host: '127.0.0.1'}});
    app.restServer.bind(RestBindings.REQUEST_BODY_PARSER_OPTIONS).to(PARSING);
    return [app, app.restServer];
  },
  'an AJV factory that is bound on the REST server': async () => {
    const app = new RestApplication({
      rest: {
        port: 0,
        host: '127.0.0.1',
        requestBodyParser: {
          validation: {...PARSING.validation, keywords: []},
        } as RequestBodyParserOptions,
      },
    });
    const factory = await app.get(RestBindings.AJV_FACTORY);
    app.restServer.bind(RestBindings.AJV_FACTORY).to(given => {
      const ajv = factory(given);
      ajv.addKeyword(EVEN);
      return ajv;
    });
    return [app, app.restServer];
  },
  'a REST server of another name': async () => {
    class PublicServer extends RestServer {}
    const rest = {port: 0, host: '127.0.0.1', requestBodyParser: PARSING};
    const app = new Application({rest});
    app.component(RestComponent);
    app.unbind(RestBindings.SERVER);
    app.server(PublicServer, 'public');
    return [app, await app.getServer<RestServer>('public')];
  },
};

class ConfiguredController {
  @socketMethod('one', {args: CONFIGURED})
  one(_socket: Socket, _credentials: unknown, args: unknown) {
    return args;
  }

  @post('/one')
  @socketMethod('both')
  both(
    @requestBody({content: {'application/json': {schema: {...CONFIGURED}}}}) body: any,
  ) {
    return body;
  }

  @socketMethod('free')
  free(_socket: Socket, _credentials: unknown, args: unknown) {
    return args;
  }
}

async function givenConfigured(way: string, options: ClientOptions) {
  const [app, rest] = await WAYS[way]();
  const logged: unknown[] = [];
  app.bind(SocketBindings.LOG_ERROR).to(error => void logged.push(error));
  app.component(SocketComponent);
  SocketServer.get(app).auth(authenticateByToken);
  app.controller(ConfiguredController);
  await app.start();
  const {url} = SocketServer.get(app);
  const client = await givenAuthenticated(url, undefined, options);
  return {
    url: rest.url,
    client,
    logged,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await app.stop();
    },
  };
}

describeSection('Validation', options => {
  for (const way of Object.keys(WAYS)) {
    it(`is configured as REST is: by ${way}`, async () => {
      await using given = await givenConfigured(way, options);
      const {client, url, logged} = given;
      for (const value of [{n: 2}, {n: 3}, {s: 'ab'}, {s: 'abc'}, {n: 3, s: 'abc'}, 1]) {
        await assertAsRest(client, url, value);
      }
      const {error} = await client.call('one', {n: 3, s: 'abc'});
      assert.deepEqual(
        error.details.map((detail: {message: string}) => detail.message).sort(),
        ['It must pass "even" keyword validation.', 'It too long.'],
      );
      const prohibited = {x: [{$where: 1}]};
      const refused = await postTo(url, '/one', prohibited);
      for (const name of ['free', 'one', 'both']) {
        const {error: told} = await client.call(name, prohibited);
        assert.equal(told.statusCode, refused.error.statusCode, name);
        assert.match(told.message, /"\$where"/);
      }
      assert.deepEqual(logged, []);
    });
  }
});
