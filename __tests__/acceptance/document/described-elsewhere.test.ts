import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {api, get, oas, OperationVisibility, param} from '@loopback/rest';
import {
  SocketBindings,
  SocketServer,
  socketEvent,
  socketMethod,
  withCall,
} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {operationsOf, payloadOf, specOf} from '../../helpers/asyncapi';
import {AuthController} from '../../helpers/auth-controller';
import {Text} from '../../helpers/document-controllers';

class NewsController {
  @socketMethod({
    summary: 'The last news.',
    args: {type: 'object', properties: {topic: {type: 'string'}}, required: ['topic']},
    result: Text,
  })
  last(_socket: unknown, _credentials: unknown, args: any) {
    return args as unknown;
  }
}

@oas.visibility(OperationVisibility.UNDOCUMENTED)
@socketEvent('hiddenEvent')
class HiddenController {
  @socketMethod()
  hidden() {
    return 1;
  }

  @socketMethod({'x-visibility': 'documented'})
  @get('/shown')
  shown() {
    return 1;
  }
}

@api({basePath: '/based', paths: {}})
class BasedController {
  @socketMethod()
  @get('/things/{id}')
  thing(@param.path.number('id') id: number) {
    return id;
  }

  @oas.visibility(OperationVisibility.UNDOCUMENTED)
  @socketMethod()
  secret() {
    return 1;
  }
}

async function* ticks() {
  yield await Promise.resolve(1);
}

const xOf = (value: object): any => (value as Record<string, unknown>)['x-socket.io'];

describe('a handler that is added by hand, in the AsyncAPI document', () => {
  const given = () =>
    givenApp({
      controllers: [AuthController, NewsController],
      setup: app => {
        const server = SocketServer.get(app);
        server.defineMethod('news', {model: NewsController, method: 'last'});
        server.defineMethod('ticks', ticks);
        server.defineMethod('calls', withCall(ticks, {upload: true}));
      },
    });

  it('has the description of the controller method that it names', async () => {
    await using given_ = await given();
    const spec = await specOf(given_.app);
    const {last, news} = spec.operations;
    assert.equal(news.summary, 'The last news.');
    assert.deepEqual(news.tags, last.tags);
    assert.deepEqual(payloadOf(spec, 'news'), payloadOf(spec, 'last'));
    assert.deepEqual(payloadOf(spec, 'news.result'), payloadOf(spec, 'last.result'));
  });

  it('streams when it is an async generator, and takes uploads when it says so', async () => {
    await using given_ = await given();
    const {operations} = await specOf(given_.app);
    assert.equal(xOf(operations.ticks).ack, 'stream');
    assert.equal(xOf(operations.ticks).upload, undefined);
    assert.equal(xOf(operations.calls).ack, 'stream');
    assert.equal(xOf(operations.calls).upload, true);
  });
});

describe('what LoopBack says of REST operations, in the AsyncAPI document', () => {
  it('hides methods and events by @oas.visibility', async () => {
    await using given = await givenApp({
      controllers: [AuthController, HiddenController, BasedController],
    });
    const spec = await specOf(given.app);
    assert.deepEqual(operationsOf(spec), ['shown', 'thing']);
    // OpenAPI has no such operation.
    assert.equal(spec.operations.shown['x-openapi-operation'], undefined);
  });

  it('has the basePath of a controller', async () => {
    await using given = await givenApp({controllers: [AuthController, BasedController]});
    const {thing} = (await specOf(given.app)).operations;
    assert.equal(
      thing['x-openapi-operation'],
      'openapi.json#/paths/~1based~1things~1{id}/get',
    );
  });

  it('tells of a bearer token only when the package reads it', async () => {
    const schemeOf = async (applyCredentials?: () => void) => {
      await using given = await givenApp({
        start: false,
        servers: {
          '': {
            authentication: {
              strategy: 'jwt',
              options: {secret: 'hidden'},
              ...(applyCredentials && {applyCredentials}),
            },
          },
        },
        setup: app => void app.getSync(SocketBindings.server()),
      });
      const spec = await specOf(given.app);
      assert.ok(!JSON.stringify(spec).includes('hidden'));
      return (spec.components.securitySchemes.SocketServer as {type: string}).type;
    };
    assert.equal(await schemeOf(), 'http');
    assert.equal(await schemeOf(() => undefined), 'apiKey');
  });
});
