import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {connect as connectHttp2, createSecureServer} from 'node:http2';
import type {AddressInfo} from 'node:net';
import {after, describe, it} from 'node:test';
import type {ReadyHttpServer, SocketComponentOptions} from 'loopback4-socket';
import {SocketBindings} from 'loopback4-socket';
import type {GivenApp} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {closeBrowser, givenBrowser, noBrowser} from '../../helpers/browser';
import {givenAuthenticated} from '../../helpers/client';
import {get, givenHttp, tls} from '../../helpers/net';
import {RawClient} from '../../helpers/raw-client';
import {Queue} from '../../helpers/queue';
import {RawSocket, upgradeRequest} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

const OTHER = 'https://elsewhere.example';
const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const SCRIPT = `${POLLING}&j=0`;

type Headers = Record<string, string>;

function givenEcho(component: SocketComponentOptions = {}) {
  return givenServer(
    server => server.defineMethod('echo', (_socket, _credentials, args) => args),
    {},
    {component},
  );
}

const scriptOf = ({server: {url = ''}}: GivenApp) => url + SCRIPT;

/** Status of an upgrade by hand. */
async function upgradeStatus(
  url: string,
  sid: string,
  headers: Headers,
): Promise<number> {
  await using raw = await RawSocket.connect(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = upgradeRequest(`${WEBSOCKET}&sid=${sid}`);
  const named = request.replace('Host: localhost', `Host: ${new URL(url).host}`);
  raw.write(named.replace(/\r\n\r\n$/, `\r\n${lines.join('')}\r\n`));
  return Number((await raw.head()).split(' ')[1]);
}

/** The ways in which a page goes on with a connection, and what each is answered if it may. */
const REQUESTS: Record<
  string,
  [
    ok: number,
    refused: number,
    ask: (client: RawClient, headers: Headers) => Promise<number>,
  ]
> = {
  'a request that reads': [
    200,
    403,
    async ({url}, headers) => (await fetch(url, {headers})).status,
  ],
  'a request that writes': [
    200,
    403,
    async ({url}, headers) =>
      (await fetch(url, {method: 'POST', body: '40', headers})).status,
  ],
  'an upgrade': [
    101,
    400,
    ({url, sid}, headers) => upgradeStatus(new URL(url).origin, sid, headers),
  ],
};

describe('a connection', {timeout: seconds(20)}, () => {
  for (const [title, [ok, refused, ask]] of Object.entries(REQUESTS)) {
    it(`refuses ${title} from another host, and goes on`, async () => {
      await using given = await givenEcho();
      await using client = await RawClient.open(given.server.url);
      await client.send('40');
      assert.equal(await ask(client, {Origin: OTHER}), refused);
      assert.equal(await ask(client, {'Sec-Fetch-Site': 'cross-site'}), refused);
      await client.until('40{');
      await client.send('420["authentication",{"token":"ok"}]', '421["echo",1]');
      assert.deepEqual((await client.until('431')).at(-1), '431[{"result":1}]');
    });

    it(`takes ${title} from its own host, and from none`, async () => {
      await using given = await givenEcho();
      const own: Headers = {Origin: given.server.url ?? ''};
      for (const headers of [own, {}]) {
        await using client = await RawClient.open(given.server.url);
        await client.send('40');
        assert.equal(await ask(client, headers), ok);
      }
    });

    it(`takes ${title} from where cors.origin says later that it is allowed`, async () => {
      const origin = (
        from: string | undefined,
        answer: (error: null, allowed: boolean) => void,
      ) => setImmediate(answer, null, from === undefined || from === OTHER);
      await using given = await givenEcho({io: {cors: {origin}}});
      await using client = await RawClient.open(given.server.url);
      await client.send('40');
      assert.equal(await ask(client, {Origin: 'https://else.example'}), refused);
      assert.equal(await ask(client, {Origin: OTHER}), ok);
    });
  }

  it('may be gone when cors.origin answers', async () => {
    const asked = new Queue<() => void>();
    await using given = await givenEcho({
      io: {
        cors: {
          origin: (from, answer) => {
            if (from === OTHER) asked.push(() => answer(null, true));
            else answer(null, true);
          },
        },
      },
    });
    await using client = await RawClient.open(given.server.url);
    const response = fetch(client.url, {headers: {Origin: OTHER}});
    // For the headers of CORS, and then for the check.
    (await asked.next())();
    const allow = await asked.next();
    await client.send('1');
    allow();
    assert.equal((await response).status, 400);
    await using other = await givenAuthenticated(given.server.url);
    assert.deepEqual(await other.call('echo', 1), {result: 1});
  });

  it('is refused where the application attached the socket.io server itself', async () => {
    await using own = givenHttp();
    await using given = await givenServer(
      () => undefined,
      {},
      {rest: {listenOnStart: false}},
    );
    given.app.getSync(SocketBindings.IO).attach(own.http);
    await own.listen();
    await using client = await RawClient.open(given.server.url);
    const [, refused, ask] = REQUESTS['a request that writes'];
    assert.equal(await ask(client, {Origin: OTHER}), refused);
  });
});

describe('polling by JSONP', () => {
  it('is refused', async () => {
    await using given = await givenEcho();
    const {status, body} = await get(scriptOf(given));
    assert.deepEqual([status, JSON.parse(body).message], [403, 'JSONP is not allowed.']);
  });

  it('is taken where the component is configured with `jsonp`', async () => {
    await using given = await givenEcho({jsonp: true});
    const {status, body} = await get(scriptOf(given));
    assert.equal(status, 200);
    assert.match(body, /^___eio\[0\]\("0\{/);
  });

  it('is refused even then to a script of another site, unless `cors` allows all', async () => {
    const headers = {'Sec-Fetch-Site': 'cross-site'};
    for (const [io, expected] of [
      [{}, 403],
      [{cors: {origin: OTHER}}, 403],
      [{cors: {origin: '*'}}, 200],
    ] as const) {
      await using given = await givenEcho({jsonp: true, io});
      const {status} = await fetch(scriptOf(given), {headers});
      assert.equal(status, expected, JSON.stringify(io));
    }
  });
});

describe('over HTTP/2', () => {
  it('the own host is that of `:authority`', async () => {
    const http = createSecureServer({...tls, allowHTTP1: true});
    await once(http.listen(0, '127.0.0.1'), 'listening');
    await using _closed = {
      [Symbol.asyncDispose]: async () => {
        http.close();
        await once(http, 'close');
      },
    };
    const {port} = http.address() as AddressInfo;
    await using _given = await givenEcho({http: http as unknown as ReadyHttpServer});
    const session = connectHttp2(`https://127.0.0.1:${port}`, {ca: tls.cert});
    const ask = async (headers: Headers, body?: string): Promise<[number, string]> => {
      const stream = session.request(headers);
      const [answer] = (await Promise.race([
        once(stream.end(body), 'response'),
        once(stream, 'error'),
      ])) as [Record<string, number>];
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return [answer[':status'], text];
    };
    const own = {Origin: `https://127.0.0.1:${port}`};
    const [status, opened] = await ask({...own, ':path': POLLING});
    assert.equal(status, 200);
    const {sid} = JSON.parse(opened.slice(1)) as {sid: string};
    const path = {':path': `${POLLING}&sid=${sid}`};
    const post = {...path, ':method': 'POST', 'content-type': 'text/plain'};
    assert.deepEqual(await ask({...own, ...post}, '40'), [200, 'ok']);
    assert.match((await ask({...own, ...path}))[1], /^40\{/);
    for (const target of [{':path': POLLING}, path, post])
      assert.equal((await ask({...target, Origin: OTHER}))[0], 403);
    session.close();
    await once(session, 'close');
  });
});

/** A page on another host, which runs a script once it is loaded. */
async function givenForeignPage() {
  const own = createServer((_request, response) => {
    response
      .writeHead(200, {'content-type': 'text/html'})
      .end('<title>Elsewhere</title>');
  });
  await once(own.listen(0), 'listening');
  return {
    url: `http://localhost:${(own.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      own.close();
      own.closeAllConnections();
      await once(own, 'close');
    },
  };
}

/** In a page: what a `<script>` of that address hands to Engine.IO's function, or how it ends. */
const runScript = (address: string) =>
  new Promise<string>(resolve => {
    const page = globalThis as any;
    page.___eio = [resolve];
    const script = page.document.createElement('script');
    script.onload = () => resolve('loaded, and nothing handed over');
    script.onerror = () => resolve('refused');
    script.src = address;
    page.document.head.append(script);
  });

/** In a page: whether a websocket opens. */
const openWebSocket = (address: string) =>
  new Promise<string>(resolve => {
    const socket = new (globalThis as any).WebSocket(address);
    socket.onopen = () => resolve('opened');
    socket.onerror = () => resolve('refused');
  });

/** In a page: sends text as a form may, whose answer the page cannot see. */
const postText = (address: string) =>
  fetch(address, {method: 'POST', mode: 'no-cors', body: '41'}).then(() => 'sent');

describe(
  'a page of another host, in Chromium',
  {skip: noBrowser, timeout: seconds(60)},
  () => {
    after(closeBrowser);

    it('opens no connection, by a script or a websocket', async () => {
      await using given = await givenEcho();
      await using foreign = await givenForeignPage();
      await using browser = await givenBrowser();
      const page = await browser.open(foreign.url);
      const url = given.server.url ?? '';
      assert.equal(await page.evaluate(runScript, url + SCRIPT), 'refused');
      assert.equal(await page.evaluate(openWebSocket, url + WEBSOCKET), 'refused');
      const own = await browser.open(`${url}/openapi.json`);
      assert.equal(await own.evaluate(openWebSocket, url + WEBSOCKET), 'opened');
      assert.equal(given.app.getSync(SocketBindings.IO).engine.clientsCount, 1);
    });

    it('opens none by a script though JSONP is allowed', async () => {
      await using given = await givenEcho({jsonp: true});
      await using foreign = await givenForeignPage();
      await using browser = await givenBrowser();
      const url = given.server.url ?? '';
      const page = await browser.open(foreign.url);
      assert.equal(await page.evaluate(runScript, url + SCRIPT), 'refused');
      const own = await browser.open(`${url}/openapi.json`);
      assert.match(await own.evaluate(runScript, url + SCRIPT), /^0\{/);
    });

    it('cannot go on with a connection whose id it knows', async () => {
      await using given = await givenEcho();
      await using foreign = await givenForeignPage();
      await using browser = await givenBrowser();
      const url = given.server.url ?? '';
      await using client = await RawClient.open(url);
      await client.send('40');
      const page = await browser.open(foreign.url);
      const upgrade = `${url}${WEBSOCKET}&sid=${client.sid}`;
      assert.equal(await page.evaluate(openWebSocket, upgrade), 'refused');
      assert.equal(await page.evaluate(postText, client.url), 'sent');
      await client.until('40{');
      await client.send('420["authentication",{"token":"ok"}]');
      assert.equal((await client.until('430')).at(-1), '430[{"result":true}]');
    });
  },
);
