import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {Application, BindingScope, inject, injectable, service} from '@loopback/core';
import type {ApplicationConfig} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {
  SocketBindings,
  SocketComponent,
  SocketServer,
  socketMethod,
  withCall,
} from 'loopback4-socket';
import {expectApi, expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi} from '../../helpers/chat-app';
import {givenPortInUse, isListening} from '../../helpers/net';

const within = {timeout: 10_000};
const TLS = join(__dirname, '../../../__tests__/fixtures/tls');

@injectable({scope: BindingScope.SINGLETON})
class Prices {
  of(item: string) {
    return item.length;
  }
}

class ShopController {
  constructor(
    @service(Prices) private prices: Prices,
    @inject('currency') private currency: string,
  ) {}

  @socketMethod('price', {args: {type: 'string'}})
  price(socket: unknown, credentials: unknown, item: string) {
    return `${this.prices.of(item)} ${this.currency}`;
  }
}

class ShopApplication extends RestApplication {
  constructor(options: ApplicationConfig = {}) {
    super(options);
    this.component(SocketComponent);
    this.service(Prices);
    this.controller(ShopController);
    SocketServer.get(this, undefined, {anonymous: true});
  }

  /** The part of `BootMixin` that the kit uses. */
  async boot() {
    this.bind('currency').to('EUR');
  }
}

describe('givenSocketApp', () => {
  it('boots the application, and starts it on a free port', within, async () => {
    await using app = await givenSocketApp(ShopApplication);
    assert.match(app.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await fetch(`${app.url}/openapi.json`)).status, 200);
    await using anyone = await app.client();
    assert.equal(await anyone.call.price('coat'), '4 EUR');
  });

  it(
    'replaces bindings, also services that are found by their class',
    within,
    async () => {
      const bind = {currency: 'CHF', 'services.Prices': {of: () => 7}};
      await using app = await givenSocketApp(ShopApplication, {bind});
      assert.equal(await app.caller().price('coat'), '7 CHF');
    },
  );

  it(
    'passes options to the constructor, and changes the application by `setup`',
    within,
    async () => {
      const options = {name: 'shop', rest: {basePath: '/api'}};
      await using app = await givenSocketApp(ShopApplication, {
        options,
        bind: {currency: 'CHF'},
        setup: async one => {
          assert.equal(await one.get('currency'), 'CHF');
          SocketServer.get(one).defineMethod('more', () => 'more');
        },
      });
      assert.equal(app.application.options.name, 'shop');
      assert.equal(await app.caller().more(), 'more');
      assert.equal((await fetch(`${app.url}/api/ping`)).status, 404);
    },
  );

  it('stops the application and its clients', within, async () => {
    const app = await givenSocketApp(ShopApplication);
    const port = Number(new URL(app.url).port);
    const client = await app.client();
    const caller = app.caller();
    await caller.price('coat');
    const gone = client.next('disconnect');
    await Promise.all([app.stop(), app.stop()]);
    assert.equal(await gone, 'io client disconnect');
    assert.equal(app.application.state, 'stopped');
    assert.equal(await isListening(port), false);
    await expectCall(caller.price('coat'), {code: 'CLOSED'});
  });

  it('stops an application that its test has stopped', within, async () => {
    await using app = await givenSocketApp(ShopApplication);
    await using _client = await app.client();
    await app.application.stop();
  });

  it(
    'rejects with the error of a start that fails, and leaves nothing open',
    within,
    async () => {
      await using taken = await givenPortInUse();
      const http = {port: taken.port, host: '127.0.0.1'};
      let failed: ShopApplication | undefined;
      const start = givenSocketApp(ShopApplication, {
        setup: one => {
          failed = one;
          one.configure(SocketBindings.COMPONENT).to({http});
        },
      });
      await assert.rejects(start, {code: 'EADDRINUSE'});
      assert.equal(failed?.restServer.listening, false);
    },
  );

  it(
    'starts an application without REST, whose own port is replaced',
    within,
    async () => {
      await using taken = await givenPortInUse();
      class PlainApplication extends Application {
        constructor(options: ApplicationConfig = {}) {
          super(options);
          this.component(SocketComponent);
          const http = {port: taken.port, host: '127.0.0.1'};
          this.configure(SocketBindings.COMPONENT).to({http, maxSockets: 5});
          const server = SocketServer.get(this, 'chat', {anonymous: true});
          server.defineMethod('ping', () => 'pong');
        }
      }
      await using app = await givenSocketApp(PlainApplication);
      assert.notEqual(Number(new URL(app.url).port), taken.port);
      await using client = await app.client({server: 'chat'});
      assert.equal(await client.call.ping(), 'pong');
      const options = await app.application.getConfig(SocketBindings.COMPONENT);
      assert.equal((options as {maxSockets: number}).maxSockets, 5);
    },
  );

  it('serves HTTPS', within, async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map(file =>
      readFileSync(join(TLS, file)),
    );
    const rest = {protocol: 'https', key, cert};
    await using app = await givenSocketApp(ShopApplication, {options: {rest}});
    assert.match(app.url, /^https:/);
    await using client = await app.client();
    assert.equal(await client.call.price('coat'), '4 EUR');
    const back = client.next('authenticated');
    await app.network.drop(client);
    await back;
  });
});

describe('expectCall', () => {
  it('returns the error, for further checks', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const ana = app.caller<ChatApi>({user: {id: 1}});
    const error = await expectCall(ana.fail({with: 'error'}), {message: /money$/});
    assert.equal(error.name, 'CallError');
    assert.equal(error.statusCode, 402);
    assert.equal((await expectCall(ana.fail({with: 'error'}))).code, 'NO_MONEY');
  });

  it(
    'rejects when the call has a result, another error, or none of the server',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication);
      const ana = app.caller<ChatApi>({user: {id: 1}});
      await assert.rejects(expectCall(ana.whoAmI(), {statusCode: 404}), {
        message:
          'The call should be refused with an error with { statusCode: 404 }, but its result is { id: 1 }.',
      });
      const expected = {statusCode: 402, code: 'NO_CARD', details: {missing: 4}};
      await assert.rejects(
        expectCall(ana.fail({with: 'error'}), expected),
        (error: Error) => {
          assert.match(
            error.message,
            /but code is 'NO_MONEY', details is \{ missing: 3 \}\.$/,
          );
          assert.equal((error.cause as Error).message, 'Not enough money');
          return true;
        },
      );
      await assert.rejects(
        expectCall(Promise.reject(new TypeError('x is no function'))),
        {
          message:
            'The call should be refused with an error with {}, but it failed: TypeError: x is no function',
        },
      );
    },
  );
});

describe('expectApi', () => {
  it('passes when the Api is what is registered', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    expectApi<ChatApi>(app, {
      say: 'call',
      whoAmI: 'call',
      credentials: 'call',
      join: 'call',
      fail: 'call',
      wait: 'call',
      count: 'call',
      later: 'call',
    });
  });

  it('knows the methods that stream', within, async () => {
    class StreamController {
      @socketMethod({item: {type: 'integer'}})
      async declared() {
        return [];
      }

      @socketMethod()
      async *generator() {
        yield 1;
      }

      /** Bound by hand. */
      async *reference() {
        yield 1;
      }

      async plain() {
        return 1;
      }
    }
    async function* generate() {
      yield 1;
    }
    interface Api {
      declared(): AsyncIterable<number>;
      generator(): AsyncIterable<number>;
      byHand(): AsyncIterable<number>;
      withCall(): AsyncIterable<number>;
      ofModel(): AsyncIterable<number>;
      ofController(): AsyncIterable<number>;
      value(): number;
      ofModelOnce(): number;
      ofControllerOnce(): number;
    }
    await using app = await givenSocketApp(ChatApplication, {
      setup: one => {
        one.controller(StreamController);
        const server = SocketServer.get(one, 'streams', {anonymous: true});
        const model = {generate, value: () => 1};
        const controller = StreamController as any;
        server.defineMethod('byHand', generate);
        server.defineMethod('withCall', withCall(generate));
        server.defineMethod('ofModel', {model, method: 'generate'});
        server.defineMethod('ofController', {model: controller, method: 'reference'});
        server.defineMethod(
          'value',
          withCall(() => 1),
        );
        server.defineMethod('ofModelOnce', {model, method: 'value'});
        server.defineMethod('ofControllerOnce', {model: controller, method: 'plain'});
      },
    });
    const byHand = {
      byHand: 'stream',
      withCall: 'stream',
      ofModel: 'stream',
      ofController: 'stream',
      value: 'call',
      ofModelOnce: 'call',
      ofControllerOnce: 'call',
    } as const;
    const server = {server: 'streams'};
    expectApi<Omit<Api, 'declared' | 'generator'>>(app, byHand, server);
    const calls = {declared: 'call', generator: 'call'} as const;
    assert.throws(() => expectApi<{declared(): 1; generator(): 1}>(app, calls), {
      message: /"declared" is a stream, not a call; "generator" is a stream, not a call/,
    });
  });

  it('lists all differences', within, async () => {
    interface Api {
      price(item: string): string;
      pay(order: number): boolean;
      ticks(): AsyncIterable<number>;
    }
    await using app = await givenSocketApp(ShopApplication, {
      setup: one => {
        const server = SocketServer.get(one);
        server.defineMethod('ticks', () => 1);
        server.defineMethod('more', () => 1);
        SocketServer.get(one, 'other', {anonymous: true}).defineMethod('ping', () => 1);
      },
    });
    assert.throws(
      () => expectApi<Api>(app, {price: 'call', pay: 'call', ticks: 'stream'}),
      {
        message:
          'Server \'SocketServer\' differs from its Api: "pay" is not registered; ' +
          '"ticks" is a call, not a stream; "more" is registered, but not in the Api.',
      },
    );
    const other = {server: 'other'};
    expectApi<{ping(): number}>(app, {ping: 'call'}, other);
    assert.throws(() => expectApi<{ping(): number}>(app, {ping: 'call'}, {server: 'x'}), {
      message: 'The application has no socket server "x".',
    });
  });
});
