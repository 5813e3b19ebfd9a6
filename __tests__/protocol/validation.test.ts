import {Entity, model, property} from '@loopback/repository';
import {inject} from '@loopback/core';
import {
  getModelSchemaRef,
  post,
  requestBody,
  RestBindings,
  RestTags,
} from '@loopback/rest';
import {SocketBindings, socketMethod, SocketServer} from 'loopback4-socket';
import type {SocketSchema} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenAuthenticated} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

@model()
class Page extends Entity {
  @property({type: 'number', jsonSchema: {minimum: 0}})
  skip?: number;

  @property({type: 'number', required: true})
  limit!: number;

  @property({type: 'string', jsonSchema: {format: 'email'}})
  owner?: string;

  constructor(data?: Partial<Page>) {
    super(data);
  }
}

class Unmodelled {
  limit!: number;
}

const SCHEMA: SocketSchema = {
  type: 'object',
  required: ['limit'],
  properties: {limit: {type: 'number'}, owner: {type: 'string', format: 'email'}},
};

const TAGS = {
  type: 'object',
  properties: {tags: {type: 'array', items: {type: 'string'}}},
} as const satisfies SocketSchema;

class PageController {
  static calls = 0;

  @socketMethod('schema', {args: SCHEMA})
  @socketMethod('model', {args: Page})
  @socketMethod('reference', {args: getModelSchemaRef(Page)})
  @socketMethod('unchecked')
  find(_socket: Socket, _credentials: unknown, args: unknown) {
    PageController.calls++;
    return args;
  }

  @socketMethod('exclusive', {
    args: getModelSchemaRef(Page, {title: 'Exclusive', exclude: ['skip'], partial: true}),
  })
  exclusive() {
    return 'fine';
  }

  @socketMethod('other model')
  otherModel(_socket: Socket, _credentials: Page, _args: object, page?: Page) {
    return page ?? 'none';
  }

  @socketMethod('injected')
  injected(
    @inject(SocketBindings.SERVER) server: SocketServer,
    _socket: Socket,
    _credentials: unknown,
    @inject(SocketBindings.SOCKET) socket: Socket,
    page: Page,
  ) {
    return [server.name, socket.connected, page];
  }

  @socketMethod('defaulted')
  defaulted(_socket: Socket, _credentials: unknown, page: Page = new Page({limit: 3})) {
    return page.limit;
  }

  @socketMethod('unmodelled')
  unmodelled(_socket: Socket, _credentials: unknown, args: Unmodelled) {
    return args;
  }

  @socketMethod('tags', {args: TAGS})
  tags() {
    PageController.calls++;
  }

  @socketMethod('tag')
  @post('/tags')
  tag(@requestBody({content: {'application/json': {schema: TAGS}}}) body: object) {
    PageController.calls++;
    return body;
  }

  /** REST's answer to the same values. */
  @post('/pages')
  create(
    @requestBody({content: {'application/json': {schema: getModelSchemaRef(Page)}}})
    page: Page,
  ) {
    return page;
  }
}

const SEE_DETAILS = 'See error object `details` property for more info.';

const GOOD = {limit: 5, owner: 'ana@example.com'};
const BAD = [
  {},
  {limit: 'ten'},
  {limit: 1, owner: 'nobody'},
  {limit: null},
  [],
  'text',
  7,
  true,
];

describeSection('Validation', options => {
  for (const name of ['schema', 'model', 'reference']) {
    it(`lets args that are right through to the method, given as ${name}`, async () => {
      await using given = await givenServer(
        undefined,
        {},
        {controllers: [PageController]},
      );
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call(name, GOOD), {result: GOOD});
    });

    it(`refuses other args, and missing ones, given as ${name}`, async () => {
      await using given = await givenServer(
        undefined,
        {},
        {controllers: [PageController]},
      );
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      const before = PageController.calls;
      for (const args of [...BAD, null, undefined]) {
        const {error} = await client.call(name, ...(args === undefined ? [] : [args]));
        assert.equal(error.statusCode, 422, JSON.stringify(args));
        assert.equal(error.code, 'VALIDATION_FAILED');
        assert.ok(error.details.length > 0);
      }
      client.socket.emit(name, {});
      assert.deepEqual(await client.call(name, GOOD), {result: GOOD});
      assert.equal(PageController.calls, before + 1);
      assert.deepEqual(given.logged, []);
    });
  }

  it('follows the type of the parameter when it is a model', async () => {
    await using given = await givenServer(undefined, {}, {controllers: [PageController]});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('injected', GOOD), {
      result: ['SocketServer', true, GOOD],
    });
    for (const args of [...BAD, null]) {
      const {error} = await client.call('injected', args);
      assert.equal(error.code, 'VALIDATION_FAILED', JSON.stringify(args));
    }
    assert.deepEqual(await client.call('unmodelled', 'text'), {result: 'text'});
    assert.deepEqual(await client.call('other model', 'text'), {result: 'none'});
  });

  it('lets a parameter that has a default value be missing', async () => {
    await using given = await givenServer(undefined, {}, {controllers: [PageController]});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('defaulted'), {result: 3});
    assert.deepEqual(await client.call('defaulted', null), {result: 3});
    assert.deepEqual(await client.call('defaulted', {limit: 4}), {result: 4});
    assert.equal((await client.call('defaulted', {})).error.statusCode, 422);
  });

  it('refuses the keys that REST is told to refuse', async () => {
    await using given = await givenServer(
      undefined,
      {},
      {
        controllers: [PageController],
        setup: app => {
          app
            .bind(RestBindings.REQUEST_BODY_PARSER_OPTIONS)
            .to({validation: {prohibitedKeys: ['secret', 'a.b']}});
        },
      },
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const refused: [args: object, key: string][] = [
      [{secret: 1}, 'secret'],
      [{x: [{'secret.y': 1}]}, 'secret.y'],
      [{'a.b': 1}, 'a.b'],
      [{'a.b.c': 1}, 'a.b.c'],
    ];
    for (const [args, key] of refused) {
      const response = await fetch(`${given.server.url}/pages`, {
        method: 'POST',
        headers: {'Content-Type': 'application/json'},
        body: JSON.stringify(args),
      });
      assert.equal(response.status, 400);
      const message = `Args and credentials cannot contain the key "${key}".`;
      assert.deepEqual(await client.call('unchecked', args), {
        error: {statusCode: 400, name: 'BadRequestError', message},
      });
    }
    const fine = {secrets: 1, a: {b: 1}};
    assert.deepEqual(await client.call('unchecked', fine), {result: fine});
  });

  it('goes by formats and keywords that the application adds, asynchronous ones too', async () => {
    class KeywordController {
      @socketMethod('even', {args: {type: 'integer', 'x-even': true} as SocketSchema})
      even(_socket: Socket, _credentials: unknown, args: number) {
        return args;
      }

      @socketMethod('later', {args: {type: 'integer', 'x-later': true} as SocketSchema})
      later(_socket: Socket, _credentials: unknown, args: number) {
        return args;
      }
    }
    await using given = await givenServer(
      undefined,
      {},
      {
        controllers: [KeywordController],
        setup: app => {
          const keywords = [
            {
              keyword: 'x-even',
              validate: (_on: boolean, value: number) => value % 2 === 0,
            },
            {
              keyword: 'x-later',
              async: true,
              validate: (_on: boolean, value: number) => Promise.resolve(value < 10),
            },
          ];
          for (const keyword of keywords) {
            app.bind(`ajv.${keyword.keyword}`).to(keyword).tag(RestTags.AJV_KEYWORD);
          }
        },
      },
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    for (const [name, right, wrong] of [
      ['even', 2, 3],
      ['later', 9, 10],
    ] as const) {
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await client.call(name, right), {result: right});
        const {error} = await client.call(name, wrong);
        assert.equal(error.code, 'VALIDATION_FAILED');
        assert.equal(error.details[0].code, `x-${name}`);
        assert.equal(error.message, `The args are invalid. ${SEE_DETAILS}`);
      }
    }
  });

  it('works without REST', async () => {
    await using given = await givenServer(
      undefined,
      {},
      {
        controllers: [PageController],
        plain: true,
        component: {http: {port: 0, host: '127.0.0.1'}},
      },
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await client.call('model', GOOD), {result: GOOD});
      assert.equal((await client.call('model', {})).error.details[0].code, 'required');
    }
  });

  for (const plain of [false, true]) {
    it(`tells one mistake of args that are large, ${plain ? 'without' : 'with'} REST`, async () => {
      const http = {port: 0, host: '127.0.0.1'};
      await using given = await givenServer(
        undefined,
        {},
        {controllers: [PageController], plain, ...(plain && {component: {http}})},
      );
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      PageController.calls = 0;
      for (const [name, args, path] of [
        ['tags', (tags: number[]) => ({tags}), '/tags/0'],
        ['tag', (tags: number[]) => ({body: {tags}}), '/tags/0'],
      ] as const) {
        const few = await client.call(name, args([1, 2, 3]));
        assert.equal(few.error.details.length, 3, name);
        const many = await client.call(name, args(Array(50_000).fill(1)));
        const {statusCode, details} = many.error;
        assert.equal(statusCode, 422);
        assert.deepEqual(
          details.map((detail: {path: string}) => detail.path),
          [path],
        );
      }
      assert.equal(PageController.calls, 0);
    });
  }

  it('says of args what REST says of the same body', async () => {
    await using given = await givenServer(undefined, {}, {controllers: [PageController]});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    for (const body of [
      {},
      {limit: 'ten'},
      {limit: 1, owner: 'nobody'},
      {limit: 1, skip: -1},
    ]) {
      const response = await fetch(`${given.server.url}/pages`, {
        method: 'POST',
        headers: {'Content-Type': 'application/json'},
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 422);
      const {error} = (await response.json()) as {error: object};
      const message = `The args are invalid. ${SEE_DETAILS}`;
      assert.deepEqual(await client.call('model', body), {error: {...error, message}});
    }
  });

  it('follows the schema that getModelSchemaRef was told to make', async () => {
    await using given = await givenServer(undefined, {}, {controllers: [PageController]});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('exclusive', {}), {result: 'fine'});
    assert.equal((await client.call('exclusive', {skip: 1})).error.statusCode, 422);
  });

  it('uses the options of REST', async () => {
    await using given = await givenServer(
      undefined,
      {},
      {
        controllers: [PageController],
        setup: app => {
          const transform = () => [{keyword: 'ours', instancePath: '/x', message: 'No.'}];
          app
            .bind(RestBindings.REQUEST_BODY_PARSER_OPTIONS)
            .to({validation: {ajvErrorTransformer: transform as never}});
        },
      },
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const {error} = await client.call('schema', {});
    assert.deepEqual(error.details, [{path: '/x', code: 'ours', message: 'No.'}]);
  });

  it('is left out where a method says nothing of its args', async () => {
    await using given = await givenServer(undefined, {}, {controllers: [PageController]});
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    assert.deepEqual(await client.call('unchecked', 'text'), {result: 'text'});
  });
});
