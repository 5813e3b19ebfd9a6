import {authenticate} from '@loopback/authentication';
import {
  AuthorizationComponent,
  AuthorizationDecision,
  authorize,
} from '@loopback/authorization';
import type {AuthorizationContext, AuthorizationMetadata} from '@loopback/authorization';
import {inject, injectable} from '@loopback/core';
import {Entity, model, property} from '@loopback/repository';
import {
  del,
  get,
  HttpErrors,
  param,
  patch,
  post,
  requestBody,
  RestBindings,
} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenAuthenticated} from '../helpers/client';
import type {ClientOptions} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';
import {addTokenStrategy} from '../helpers/token-strategy';

@model()
class Item extends Entity {
  @property({type: 'number', id: true})
  id?: number;

  @property({type: 'string', required: true, jsonSchema: {maxLength: 8}})
  name!: string;

  @property({type: 'string', hidden: true})
  secret?: string;

  constructor(data?: Partial<Item>) {
    super(data);
  }
}

class NotFound extends Error {
  readonly code = 'ENTITY_NOT_FOUND';
}

const BY_ROLE = {
  allowedRoles: ['admin'],
  voters: [
    (context: AuthorizationContext, {allowedRoles}: AuthorizationMetadata) =>
      Promise.resolve(
        allowedRoles?.includes(context.principals[0]?.role)
          ? AuthorizationDecision.ALLOW
          : AuthorizationDecision.DENY,
      ),
  ],
};

@injectable()
class ItemController {
  @get('/items/{id}')
  @socketMethod('findItem')
  find(
    @param.path.integer('id') id: number,
    @param.query.boolean('full') full?: boolean,
    @param.query.number('limit', {schema: {type: 'number', maximum: 50}}) limit?: number,
    @param.query.dateTime('since') since?: Date,
    @param.array('tags', 'query', {type: 'integer'}) tags?: number[],
    @param.query.object('filter', {type: 'object', properties: {where: {type: 'object'}}})
    filter?: object,
    @param.header.string('X-Tenant') tenant?: string,
    @param.query.string('text') text?: string,
  ) {
    const received = {id, full, limit, since, tags, filter, tenant, text};
    return {...received, date: since instanceof Date};
  }

  @get('/needs')
  @socketMethod('needs')
  needs(@param.query.string('name', {required: true}) name: string) {
    return [name];
  }

  @post('/items')
  @socketMethod('createItem')
  create(@requestBody({required: true}) item: Item) {
    return new Item({name: item.name, id: 1, secret: 'never'});
  }

  @patch('/items/{id}')
  @socketMethod('updateItem')
  update(
    @inject(SocketBindings.SOCKET, {optional: true}) socket: Socket | undefined,
    @requestBody({
      content: {
        'application/json': {
          schema: {type: 'object', properties: {name: {type: 'string'}}},
        },
      },
    })
    item: object | undefined,
    @param.path.number('id') id: number,
  ) {
    return {id, item: item ?? 'none'};
  }

  @del('/items/{id}')
  @socketMethod('deleteItem')
  remove(@param.path.number('id') id: number): void {
    if (id === 404) throw new HttpErrors.NotFound(`No item ${id}.`);
    if (id === 405) throw new NotFound('Entity not found: Item');
    if (id === 400) throw new HttpErrors.BadRequest('Bad item.');
    if (id === 500) throw new Error('secret');
    if (id === 503) throw Object.assign(new Error('secret'), {statusCode: 503});
    if (id === 599)
      throw Object.assign(new Error('told'), {statusCode: 500, expose: true});
  }

  @authenticate('token')
  @get('/me')
  @socketMethod('me')
  me(@inject(SecurityBindings.USER) user: UserProfile) {
    return {name: user.name};
  }

  @authenticate('other')
  @get('/nobody')
  @socketMethod('nobody')
  nobody() {
    return 1;
  }

  @authenticate('token')
  @authorize(BY_ROLE)
  @post('/admin')
  @socketMethod('admin')
  admin(@requestBody() item: Item) {
    return {done: item.name};
  }

  @get('/count')
  @socketMethod('count')
  count(@inject(RestBindings.OPERATION_SPEC_CURRENT) spec: {operationId: string}) {
    return {operation: spec.operationId};
  }
}

interface Row {
  rest: [method: string, path: string, body?: unknown, headers?: Record<string, string>];
  socket: [name: string, args?: unknown];
  /** Token of both. */
  token?: string;
  status: number;
  /** The different answer to a socket. */
  instead?: {name?: string; message?: string};
}

const item = {name: 'Amber'};

/** Each row is asked of REST and of a socket, which must answer alike. */
const ROWS: Record<string, Row> = {
  'a path parameter': {
    rest: ['GET', '/items/7'],
    socket: ['findItem', {id: 7}],
    status: 200,
  },
  'a path parameter as in a URL': {
    rest: ['GET', '/items/7'],
    socket: ['findItem', {id: '7'}],
    status: 200,
  },
  'parameters of each type': {
    rest: [
      'GET',
      '/items/7?full=true&limit=5&since=2026-01-02T03:04:05Z&tags=1&tags=2&filter[where][a]=b&text=9',
      undefined,
      {'X-Tenant': 'acme'},
    ],
    socket: [
      'findItem',
      {
        id: 7,
        full: true,
        limit: 5,
        since: '2026-01-02T03:04:05Z',
        tags: [1, 2],
        filter: {where: {a: 'b'}},
        'X-Tenant': 'acme',
        text: 9,
      },
    ],
    status: 200,
  },
  'one value for a list': {
    rest: ['GET', '/items/7?tags=1'],
    socket: ['findItem', {id: 7, tags: 1}],
    status: 200,
  },
  'false and 0': {
    rest: ['GET', '/items/0?full=false&limit=0'],
    socket: ['findItem', {id: 0, full: false, limit: 0}],
    status: 200,
  },
  'a wrong path parameter': {
    rest: ['GET', '/items/x'],
    socket: ['findItem', {id: 'x'}],
    status: 400,
  },
  'a wrong boolean': {
    rest: ['GET', '/items/1?full=maybe'],
    socket: ['findItem', {id: 1, full: 'maybe'}],
    status: 400,
  },
  'a number out of range': {
    rest: ['GET', '/items/1?limit=51'],
    socket: ['findItem', {id: 1, limit: 51}],
    status: 400,
  },
  'a wrong item of a list': {
    rest: ['GET', '/items/1?tags=a&tags=b'],
    socket: ['findItem', {id: 1, tags: ['a', 'b']}],
    status: 400,
  },
  'a wrong date': {
    rest: ['GET', '/items/1?since=yesterday'],
    socket: ['findItem', {id: 1, since: 'yesterday'}],
    status: 400,
  },
  'a missing parameter': {rest: ['GET', '/needs'], socket: ['needs', {}], status: 400},
  'missing args': {rest: ['GET', '/needs'], socket: ['needs'], status: 400},
  'an empty parameter': {
    rest: ['GET', '/needs?name='],
    socket: ['needs', {name: ''}],
    status: 400,
  },
  'a body': {
    rest: ['POST', '/items', item],
    socket: ['createItem', {body: item}],
    status: 200,
  },
  'a wrong body': {
    rest: ['POST', '/items', {name: 'far too long', id: 'x'}],
    socket: ['createItem', {body: {name: 'far too long', id: 'x'}}],
    status: 422,
  },
  'a body with an unknown property': {
    rest: ['POST', '/items', {...item, colour: 'red'}],
    socket: ['createItem', {body: {...item, colour: 'red'}}],
    status: 422,
  },
  'a body of another type': {
    rest: ['POST', '/items', [1]],
    socket: ['createItem', {body: [1]}],
    status: 422,
  },
  'a missing body': {
    rest: ['POST', '/items'],
    socket: ['createItem', {}],
    status: 400,
  },
  'a body that could change a prototype': {
    rest: ['POST', '/items', JSON.parse('{"name":"a","__proto__":{"x":1}}')],
    socket: ['createItem', {body: JSON.parse('{"name":"a","__proto__":{"x":1}}')}],
    status: 400,
    instead: {
      name: 'BadRequestError',
      message: 'Args and credentials cannot contain the key "__proto__".',
    },
  },
  'parameters in another order, and an injection': {
    rest: ['PATCH', '/items/3', {name: 'b'}],
    socket: ['updateItem', {id: 3, body: {name: 'b'}}],
    status: 200,
  },
  'an optional body': {
    rest: ['PATCH', '/items/3'],
    socket: ['updateItem', {id: 3}],
    status: 200,
  },
  'no result': {
    rest: ['DELETE', '/items/1'],
    socket: ['deleteItem', {id: 1}],
    status: 204,
  },
  'a 404': {
    rest: ['DELETE', '/items/404'],
    socket: ['deleteItem', {id: 404}],
    status: 404,
  },
  'an entity that is not found': {
    rest: ['DELETE', '/items/405'],
    socket: ['deleteItem', {id: 405}],
    status: 404,
  },
  'a 400': {
    rest: ['DELETE', '/items/400'],
    socket: ['deleteItem', {id: 400}],
    status: 400,
  },
  'a 500': {
    rest: ['DELETE', '/items/500'],
    socket: ['deleteItem', {id: 500}],
    status: 500,
  },
  'a 503': {
    rest: ['DELETE', '/items/503'],
    socket: ['deleteItem', {id: 503}],
    status: 503,
  },
  'an exposed 500': {
    rest: ['DELETE', '/items/599'],
    socket: ['deleteItem', {id: 599}],
    status: 500,
  },
  'a user': {rest: ['GET', '/me'], socket: ['me'], token: 'ana', status: 200},
  'no token': {rest: ['GET', '/me'], socket: ['me'], status: 401},
  'an expired token': {
    rest: ['GET', '/me'],
    socket: ['me'],
    token: 'expired',
    status: 401,
  },
  'a strategy with a fault': {
    rest: ['GET', '/me'],
    socket: ['me'],
    token: 'broken',
    status: 500,
  },
  'an unknown strategy': {
    rest: ['GET', '/nobody'],
    socket: ['nobody'],
    token: 'ana',
    status: 401,
  },
  'a user of the role': {
    rest: ['POST', '/admin', item],
    socket: ['admin', {body: item}],
    token: 'ana:admin',
    status: 200,
  },
  'a user without the role': {
    rest: ['POST', '/admin', item],
    socket: ['admin', {body: item}],
    token: 'ben:member',
    status: 403,
    instead: {name: 'ForbiddenError'},
  },
  'a wrong body of a user without the role': {
    rest: ['POST', '/admin', {}],
    socket: ['admin', {body: {}}],
    token: 'ben:member',
    status: 422,
  },
  'a wrong body of nobody': {
    rest: ['POST', '/admin', {}],
    socket: ['admin', {body: {}}],
    status: 401,
  },
  'the operation injected': {rest: ['GET', '/count'], socket: ['count'], status: 200},
};

function givenItems(controllers = [ItemController]) {
  return givenServer(
    undefined,
    {},
    {
      controllers,
      setup: app => {
        addTokenStrategy(app);
        app.component(AuthorizationComponent);
      },
    },
  );
}

/** A client whose token, if any, is not what its socket is authenticated by. */
function givenUser(
  url: string | undefined,
  token: string | undefined,
  options: ClientOptions,
) {
  return givenAuthenticated(
    url,
    {token: 'ok'},
    {
      ...options,
      ...(token !== undefined && {query: {token}}),
    },
  );
}

async function askRest(
  url: string | undefined,
  {rest, token}: Row,
): Promise<[number, unknown]> {
  const [method, path, body, headers] = rest;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...headers,
      ...(token !== undefined && {authorization: `Bearer ${token}`}),
      ...(body !== undefined && {'content-type': 'application/json'}),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return [response.status, text === '' ? undefined : JSON.parse(text)];
}

describeSection('Methods that are REST operations as well', options => {
  for (const [title, row] of Object.entries(ROWS)) {
    it(`are answered ${row.status} as by REST: ${title}`, async () => {
      await using given = await givenItems();
      const {server} = given;
      // The token of the credentials authenticates single calls only.
      server.auth(() => true);
      const {token = ''} = row;
      await using client = await givenAuthenticated(server.url, {token}, options);
      const [status, body] = await askRest(server.url, row);
      assert.equal(status, row.status);
      const [name, ...args] = row.socket;
      const answer = await client.call(name, ...args);
      if (status === 204) assert.deepEqual(answer, {});
      else if (status === 200) assert.deepEqual(answer, {result: body});
      else {
        const {error} = body as {error: object};
        assert.deepEqual(answer, {error: {...error, ...row.instead}});
      }
      // REST logs on its own.
      const logs = status >= 500 || title === 'an unknown strategy';
      assert.equal(given.logged.length, logs ? 1 : 0);
    });
  }

  it('refuse a property that is no parameter, and say which are', async () => {
    await using given = await givenItems();
    await using client = await givenUser(given.server.url, undefined, options);
    const {error} = await client.call('updateItem', {id: 1, nmae: 'x'});
    assert.deepEqual(error, {
      statusCode: 400,
      name: 'BadRequestError',
      message: 'Unknown argument "nmae". Known are: id, body.',
      code: 'INVALID_PARAMETER_VALUE',
    });
    for (const args of ['text', 7, true, [1]]) {
      const answer = await client.call('findItem', args);
      assert.equal(answer.error.code, 'INVALID_PARAMETER_VALUE', JSON.stringify(args));
    }
  });

  it('take null for a parameter that is not there', async () => {
    await using given = await givenItems();
    await using client = await givenUser(given.server.url, undefined, options);
    const {result} = await client.call('findItem', {id: 1, full: null, filter: null});
    assert.deepEqual(result, {id: 1, date: false});
    assert.equal((await client.call('needs', {name: null})).error.statusCode, 400);
    assert.equal((await client.call('createItem', {body: null})).error.statusCode, 400);
  });

  it('take no parameter from what objects inherit', async () => {
    class OddController {
      @get('/odd')
      @socketMethod('odd')
      odd(
        @param.query.string('constructor') one?: string,
        @param.query.string('toString') other?: string,
      ) {
        return [one ?? null, other ?? null];
      }
    }
    await using given = await givenItems([OddController as never]);
    await using client = await givenUser(given.server.url, undefined, options);
    assert.deepEqual(await client.call('odd', {}), {result: [null, null]});
    assert.deepEqual(await client.call('odd', {constructor: 'a'}), {result: ['a', null]});
  });
});
