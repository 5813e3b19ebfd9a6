import 'zone.js';
import '../helpers/dom.mjs';
import '@angular/compiler';
import {
  Component,
  createEnvironmentInjector,
  effect,
  inject,
  InjectionToken,
  Injector,
  NgZone,
  PLATFORM_ID,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
} from '@angular/core';
import type {EnvironmentProviders, Signal} from '@angular/core';
import {createApplication} from '@angular/platform-browser';
import type {ClientState} from 'loopback4-socket-client';
import {
  fromEvent,
  fromStream,
  observableOf,
  onEvent,
  outsideZone,
  socketConnection,
  socketState,
} from 'loopback4-socket-client/angular';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Observable} from 'rxjs';
import {awaited, once} from '../../../__tests__/helpers/awaited.js';
import {Queue} from '../../../__tests__/helpers/queue.js';
import {countListeners, givenNews, until} from '../helpers/news.mjs';
import type {NewsClient} from '../helpers/news.mjs';

const NEWS = new InjectionToken<NewsClient>('news');

/** A component that connects a client, and shows its state and the last text. */
@Component({template: '{{ state() }}: {{ said() }}'})
class Page {
  private readonly client = inject(NEWS);
  readonly state = socketConnection(this.client);
  readonly said = fromEvent(this.client, 'said', {initialValue: 'nothing'});
}

/** An application with a client, destroyed by `using`. */
async function givenAngular(
  client: NewsClient,
  changeDetection: EnvironmentProviders = provideZoneChangeDetection(),
) {
  const news = {provide: NEWS, useFactory: () => outsideZone(client)};
  const app = await createApplication({providers: [changeDetection, news]});
  const {injector} = app;
  const zone = injector.get(NgZone);
  return {
    injector,
    /** Resolves when nothing is pending and all is shown. */
    stable: () => awaited(app.whenStable(), 'the application to be stable'),
    showPage() {
      const host = document.createElement('app-page');
      const shown = zone.run(() => app.bootstrap(Page, host));
      return {
        get text() {
          return host.textContent;
        },
        destroy: () => zone.run(() => shown.destroy()),
      };
    },
    [Symbol.dispose]: () => app.destroy(),
  };
}

const CHANGE_DETECTIONS = {
  'With zone.js': provideZoneChangeDetection,
  'Without zone.js': provideZonelessChangeDetection,
};

for (const [name, changeDetection] of Object.entries(CHANGE_DETECTIONS)) {
  describe(`${name}, signals of Angular`, () => {
    it('show the state and the last event of a client', async () => {
      await using news = await givenNews();
      const client = news.client();
      using angular = await givenAngular(client, changeDetection());
      const shown = angular.showPage();
      await until(client, 'authenticated');
      await angular.stable();
      assert.equal(shown.text, 'authenticated: nothing');
      const heard = new Queue<string>();
      client.on('said', text => heard.push(text));
      for (const text of ['one', 'two']) {
        news.say(text);
        await heard.next();
        await angular.stable();
        assert.equal(shown.text, `authenticated: ${text}`);
      }
      client.disconnect();
      await angular.stable();
      assert.equal(shown.text, 'disconnected: two');
    });

    it('end with their component, and the connection with the last of them', async () => {
      await using news = await givenNews();
      const client = news.client();
      using angular = await givenAngular(client, changeDetection());
      const listeners = countListeners(client);
      const pages = [angular.showPage(), angular.showPage()];
      await until(client, 'authenticated');
      assert.equal(listeners(), 4);
      pages[0].destroy();
      assert.equal(listeners(), 2);
      assert.equal(await client.call.ping(), 'pong');
      pages[1].destroy();
      assert.equal(listeners(), 0);
      await news.left();
      assert.deepEqual([client.state, news.connections], ['idle', 1]);
    });
  });
}

describe('Signals of Angular', () => {
  it('connect nothing where only the state is watched', async () => {
    await using news = await givenNews();
    const client = news.client();
    using angular = await givenAngular(client);
    const state = socketState(client, angular);
    const said = fromEvent(client, 'said', angular);
    assert.deepEqual([state(), said(), news.connections], ['idle', undefined, 0]);
    await client.connect();
    assert.equal(state(), 'authenticated');
    await client.close();
    assert.equal(state(), 'closed');
  });

  it('connect nothing on a server', async () => {
    await using news = await givenNews();
    const client = news.client();
    using angular = await givenAngular(client);
    const platform = {provide: PLATFORM_ID, useValue: 'server'};
    const server = {injector: createEnvironmentInjector([platform], angular.injector)};
    const state = socketConnection(client, server);
    assert.deepEqual([state(), client.state, news.connections], ['idle', 'idle', 0]);
  });

  it('need an injection context or an injector', async () => {
    await using news = await givenNews();
    const client = news.client();
    assert.throws(() => socketState(client), /NG0203/);
  });

  it('have listeners beside them, which run in the zone until the end', async () => {
    await using news = await givenNews();
    const client = news.client();
    const listeners = countListeners(client);
    const heard = new Queue<unknown>();
    {
      using angular = await givenAngular(client);
      onEvent(
        client,
        'said',
        text => heard.push([text, NgZone.isInAngularZone()]),
        angular,
      );
      await client.connect();
      news.say('one');
      assert.deepEqual(await heard.next(), ['one', true]);
      assert.equal(listeners(), 1);
    }
    assert.equal(listeners(), 0);
  });

  it('show the last item of a stream, which ends with them', async () => {
    await using news = await givenNews();
    const client = news.client();
    let aborted: Promise<unknown>;
    {
      using angular = await givenAngular(client);
      const price = fromStream(() => client.call.ticks({symbol: 'A'}), {
        ...angular,
        initialValue: 0,
      });
      assert.equal(price(), 0);
      const signal = await news.ticking.next();
      aborted = once(signal, 'abort');
      const watched = new Queue<number>();
      effect(() => watched.push(price()), {injector: angular.injector.get(Injector)});
      assert.equal(await watched.next(), 0);
      news.tick('A', 7);
      assert.equal(await watched.next(), 7);
    }
    await aborted;
  });

  it('throw the error of a stream', async () => {
    await using news = await givenNews();
    const client = news.client();
    using angular = await givenAngular(client);
    const price = fromStream(() => client.call.ticks({symbol: 'A'}), angular);
    assert.equal(price(), undefined);
    await news.ticking.next();
    const watched = new Queue<unknown>();
    const watch = () => {
      try {
        watched.push(price());
      } catch (error) {
        watched.push((error as {statusCode: number}).statusCode);
      }
    };
    effect(watch, {injector: angular.injector.get(Injector)});
    assert.equal(await watched.next(), undefined);
    news.closeExchange();
    assert.equal(await watched.next(), 418);
  });

  it('call no stream on a server', async () => {
    await using news = await givenNews();
    const client = news.client();
    using angular = await givenAngular(client);
    const platform = {provide: PLATFORM_ID, useValue: 'server'};
    const server = {injector: createEnvironmentInjector([platform], angular.injector)};
    const price = fromStream(() => client.call.ticks({symbol: 'A'}), server);
    assert.deepEqual([price(), client.state], [undefined, 'idle']);
  });

  it('are typed by the events of the client', () => {
    function typed(client: NewsClient, injector: Injector) {
      const state: Signal<ClientState> = socketState(client);
      const last: Signal<{value: number} | undefined> = fromEvent(client, 'counted');
      const said: Signal<string> = fromEvent(client, 'said', {
        initialValue: '',
        injector,
      });
      const maybe: Signal<string | undefined> = fromEvent(client, 'said', {injector});
      onEvent(client, 'counted', ({value}) => value.toFixed());
      const same: NewsClient = outsideZone(client);
      const ticks = () => client.call.ticks({symbol: 'A'});
      const price: Signal<number> = fromStream(ticks, {initialValue: 0});
      const later: Signal<number | undefined> = fromStream(ticks, {injector});
      // @ts-expect-error undefined until the first item
      const first: Signal<number> = fromStream(ticks);
      // @ts-expect-error a result is no stream
      fromStream(() => client.call.ping());
      // @ts-expect-error undefined until the first event
      const always: Signal<string> = fromEvent(client, 'said');
      // @ts-expect-error not the type of the payload
      fromEvent(client, 'said', {initialValue: 1});
      // @ts-expect-error no such event
      fromEvent(client, 'nope');
      // @ts-expect-error the server asks for an answer
      onEvent(client, 'confirm', () => undefined);
      return [state, last, said, maybe, same, always, price, later, first];
    }
    assert.equal(typeof typed, 'function');
  });
});

describe('A stream as an observable', () => {
  it('gives its items to RxJS, and ends at the server with its subscription', async () => {
    await using news = await givenNews();
    const client = news.client();
    const seen = new Queue<unknown>();
    const ticks = observableOf(() => client.call.ticks({symbol: 'A'}));
    const items = new Observable<number>(subscriber => ticks.subscribe(subscriber));
    const subscription = items.subscribe(item => seen.push(item));
    const signal = await news.ticking.next();
    news.tick('A', 7);
    assert.equal(await seen.next(), 7);
    const aborted = once(signal, 'abort');
    subscription.unsubscribe();
    await aborted;
  });

  it('completes and fails as the stream does', async () => {
    await using news = await givenNews();
    const client = news.client();
    const seen = new Queue<unknown>();
    const observer = {
      next: (item: number) => seen.push(item),
      error: (error: unknown) => seen.push((error as {statusCode: number}).statusCode),
      complete: () => seen.push('complete'),
    };
    observableOf(() => client.call.ticks({symbol: 'A'})).subscribe(observer);
    await news.ticking.next();
    news.closeExchange();
    assert.equal(await seen.next(), 418);
    async function* two() {
      yield 1;
      yield 2;
    }
    observableOf(two).subscribe(observer);
    for (const expected of [1, 2, 'complete']) assert.equal(await seen.next(), expected);
  });

  it('ends when its observer throws', async () => {
    await using news = await givenNews();
    const client = news.client();
    const seen = new Queue<unknown>();
    observableOf(() => client.call.ticks({symbol: 'A'})).subscribe({
      next: () => {
        throw new Error('of the observer');
      },
      error: error => seen.push((error as Error).message),
    });
    const signal = await news.ticking.next();
    const aborted = once(signal, 'abort');
    news.tick('A', 7);
    assert.equal(await seen.next(), 'of the observer');
    await aborted;
  });
});
