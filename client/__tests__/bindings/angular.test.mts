import 'zone.js';
import '../helpers/dom.mjs';
import '@angular/compiler';
import {
  Component,
  createEnvironmentInjector,
  inject,
  InjectionToken,
  NgZone,
  PLATFORM_ID,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
} from '@angular/core';
import type {EnvironmentProviders, Injector, Signal} from '@angular/core';
import {createApplication} from '@angular/platform-browser';
import type {ClientState} from 'loopback4-socket-client';
import {
  fromEvent,
  onEvent,
  outsideZone,
  socketConnection,
  socketState,
} from 'loopback4-socket-client/angular';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {awaited} from '../../../__tests__/helpers/awaited.js';
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
      // @ts-expect-error undefined until the first event
      const always: Signal<string> = fromEvent(client, 'said');
      // @ts-expect-error not the type of the payload
      fromEvent(client, 'said', {initialValue: 1});
      // @ts-expect-error no such event
      fromEvent(client, 'nope');
      // @ts-expect-error the server asks for an answer
      onEvent(client, 'confirm', () => undefined);
      return [state, last, said, maybe, same, always];
    }
    assert.equal(typeof typed, 'function');
  });
});
