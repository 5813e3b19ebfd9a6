import {Entity, model, property} from '@loopback/repository';
import {getModelSchemaRef, post, requestBody, RestBindings} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';
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
}

const SCHEMA: SocketSchema = {
  type: 'object',
  required: ['limit'],
  properties: {limit: {type: 'number'}, owner: {type: 'string', format: 'email'}},
};

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

  /** What REST says of the same values. */
  @post('/pages')
  create(
    @requestBody({content: {'application/json': {schema: getModelSchemaRef(Page)}}})
    page: Page,
  ) {
    return page;
  }
}

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

  it('says what REST says of the same body', async () => {
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
      assert.deepEqual(await client.call('model', body), await response.json());
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
