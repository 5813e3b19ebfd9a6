import '../helpers/dom.mjs';
import type {ClientState} from 'loopback4-socket-client';
import {
  useSocketConnection,
  useSocketEvent,
  useSocketState,
} from 'loopback4-socket-client/react';
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {describe, it} from 'node:test';
import {createElement, Fragment, StrictMode, useEffect} from 'react';
import type {ReactNode} from 'react';
import {createRoot, hydrateRoot} from 'react-dom/client';
import {flushSync} from 'react-dom';
import {renderToString} from 'react-dom/server';
import {Queue} from '../../../__tests__/helpers/queue.js';
import {countListeners, givenNews} from '../helpers/news.mjs';
import type {NewsClient, NewsEvents} from '../helpers/news.mjs';

const STRICT: boolean[] = [false, true];

interface Props {
  client: NewsClient;
  seen?: Queue<ClientState>;
}

/** Shows the state of a client, and passes on each one that was shown. */
function Watching({client, seen}: Props) {
  const state = useSocketState(client);
  useEffect(() => seen?.push(state), [seen, state]);
  return createElement('p', null, state);
}

function Connecting({client, seen}: Props) {
  const state = useSocketConnection(client);
  useEffect(() => seen?.push(state), [seen, state]);
  return createElement('p', null, state);
}

/** A page that shows what it is given, taken away by `using`. */
function givenPage(strict: boolean) {
  const container = document.createElement('div');
  document.body.append(container);
  const root = createRoot(container);
  return {
    get text() {
      return container.textContent;
    },
    show: (...nodes: ReactNode[]) =>
      flushSync(() =>
        root.render(createElement(strict ? StrictMode : Fragment, null, ...nodes)),
      ),
    [Symbol.dispose]() {
      flushSync(() => root.unmount());
      container.remove();
    },
  };
}

async function reach(seen: Queue<ClientState>, state: ClientState): Promise<void> {
  while ((await seen.next()) !== state);
}

for (const strict of STRICT) {
  describe(`With React${strict ? "'s strict mode" : ''}`, () => {
    it('a component connects once, shows each state, and leaves nothing', async () => {
      await using news = await givenNews();
      const client = news.client();
      const listeners = countListeners(client);
      const seen = new Queue<ClientState>();
      {
        using page = givenPage(strict);
        page.show(createElement(Connecting, {client, seen}));
        await reach(seen, 'authenticated');
        assert.equal(page.text, 'authenticated');
        assert.equal(news.connections, 1);
        assert.equal(listeners(), 1);
      }
      assert.equal(listeners(), 0);
      await news.left();
      assert.equal(client.state, 'idle');
      assert.equal(news.connections, 1);
    });

    it('components share a connection, which ends with the last of them', async () => {
      await using news = await givenNews();
      const client = news.client();
      const seen = new Queue<ClientState>();
      using page = givenPage(strict);
      const one = createElement(Connecting, {key: 1, client, seen});
      const other = createElement(Connecting, {key: 2, client});
      page.show(one, other);
      await reach(seen, 'authenticated');
      page.show(other);
      assert.equal(await client.call.ping(), 'pong');
      page.show(createElement(Connecting, {key: 3, client}));
      assert.equal(await client.call.ping(), 'pong');
      assert.equal(news.connections, 1);
      page.show();
      await news.left();
      assert.equal(client.state, 'idle');
    });

    it('another client takes the place of the first', async () => {
      await using news = await givenNews();
      const clients = [news.client(), news.client()];
      const counts = clients.map(client => countListeners(client));
      const seen = new Queue<ClientState>();
      using page = givenPage(strict);
      page.show(createElement(Connecting, {client: clients[0], seen}));
      await reach(seen, 'authenticated');
      page.show(createElement(Connecting, {client: clients[1], seen}));
      await reach(seen, 'authenticated');
      assert.deepEqual(
        clients.map(({state}) => state),
        ['idle', 'authenticated'],
      );
      assert.deepEqual(
        counts.map(count => count()),
        [0, 1],
      );
    });

    it('watching the state connects nothing', async () => {
      await using news = await givenNews();
      const client = news.client();
      const seen = new Queue<ClientState>();
      using page = givenPage(strict);
      page.show(createElement(Watching, {client, seen}));
      assert.equal(page.text, 'idle');
      await client.connect();
      await reach(seen, 'authenticated');
      page.show();
      assert.equal(client.state, 'authenticated');
    });

    it('the listener of the last render gets each event once', async () => {
      await using news = await givenNews();
      const client = news.client();
      const listeners = countListeners(client);
      const heard = new Queue<unknown>();
      function Listening({prefix, name}: {prefix: string; name: keyof NewsEvents}) {
        useSocketEvent(client, name as 'said', text => heard.push([prefix, text]));
        return null;
      }
      {
        using page = givenPage(strict);
        await client.connect();
        page.show(createElement(Listening, {prefix: 'a', name: 'said'}));
        news.say('one');
        assert.deepEqual(await heard.next(), ['a', 'one']);
        page.show(createElement(Listening, {prefix: 'b', name: 'said'}));
        news.say('two');
        assert.deepEqual(await heard.next(), ['b', 'two']);
        page.show(createElement(Listening, {prefix: 'c', name: 'counted'}));
        news.say('three');
        news.count(3);
        assert.deepEqual(await heard.next(), ['c', {value: 3}]);
        assert.equal(heard.size, 0);
        assert.equal(listeners(), 1);
      }
      assert.equal(listeners(), 0);
    });
  });
}

describe('On a server, React', () => {
  it('shows idle and connects nothing', async () => {
    await using news = await givenNews();
    const client = news.client();
    const listeners = countListeners(client);
    const App = () => {
      useSocketEvent(client, 'said', () => undefined);
      return createElement(Connecting, {client});
    };
    assert.equal(renderToString(createElement(App)), '<p>idle</p>');
    assert.deepEqual([client.state, listeners(), news.connections], ['idle', 0, 0]);
  });

  it('shows idle of a connected client too, so that the browser finds what it expects', async () => {
    await using news = await givenNews();
    const client = news.client();
    await client.connect();
    const seen = new Queue<ClientState>();
    const element = createElement(Watching, {client, seen});
    const container = document.createElement('div');
    container.innerHTML = renderToString(element);
    assert.equal(container.innerHTML, '<p>idle</p>');
    const problems: unknown[] = [];
    const root = hydrateRoot(container, element, {
      onRecoverableError: error => problems.push(error),
    });
    await reach(seen, 'authenticated');
    assert.equal(container.innerHTML, '<p>authenticated</p>');
    assert.deepEqual(problems, []);
    root.unmount();
  });
});

describe('The entry for React', () => {
  it('is a CommonJS module too', () => {
    const entry: unknown = createRequire(import.meta.url)(
      'loopback4-socket-client/react',
    );
    assert.deepEqual(Object.keys(entry as object).sort(), [
      'useSocketConnection',
      'useSocketEvent',
      'useSocketState',
    ]);
  });

  it('is typed by the events of the client', () => {
    function Typed({client}: {client: NewsClient}) {
      const state: ClientState = useSocketState(client);
      useSocketEvent(client, 'said', text => text.length);
      useSocketEvent(client, 'counted', ({value}) => value.toFixed());
      // @ts-expect-error the payload is an object
      useSocketEvent(client, 'counted', (value: number) => value.toFixed());
      // @ts-expect-error no such event
      useSocketEvent(client, 'nope', () => undefined);
      // @ts-expect-error the server asks for an answer
      useSocketEvent(client, 'confirm', () => undefined);
      return state;
    }
    assert.equal(typeof Typed, 'function');
  });
});
