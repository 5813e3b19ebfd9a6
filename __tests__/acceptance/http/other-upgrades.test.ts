import {get as getOperation, post, requestBody} from '@loopback/rest';
import assert from 'node:assert/strict';
import {Agent, request as requestHttp} from 'node:http';
import type {IncomingMessage, RequestOptions, Server} from 'node:http';
import {createServer as createHttpsServer, request as requestHttps} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {describe, it} from 'node:test';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import {givenHttp, tls} from '../../helpers/net';
import {givenServer} from '../../helpers/server';

/** As `curl --http2` and Java's HTTP client send them. */
const H2C = {
  Connection: 'Upgrade, HTTP2-Settings',
  Upgrade: 'h2c',
  'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA',
};

class GreetingController {
  @getOperation('/hello')
  hello() {
    return 'hello';
  }

  @post('/echo')
  echo(@requestBody() body: object) {
    return body;
  }
}

/** Sends a request; gives the answer's status and body. */
async function ask(
  url: string,
  options: RequestOptions = {},
  body?: string,
): Promise<[status: number | undefined, body: string]> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  const headers = {
    'content-type': 'application/json',
    ...H2C,
    ...(options.headers as object),
  };
  const request = send(url, {agent: false, ca: tls.cert, ...options, headers});
  const [response] = (await once(request.end(body), 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return [response.statusCode, text];
}

const urlOf = (http: Pick<Server, 'address'>, protocol = 'http') =>
  `${protocol}://127.0.0.1:${(http.address() as AddressInfo).port}`;

describe(
  'a request that asks for another upgrade than websockets',
  {timeout: seconds(10)},
  () => {
    it('is answered by REST, with its body, however many come on a connection', async t => {
      const warned = t.mock.method(process, 'emitWarning').mock;
      const agent = new Agent({keepAlive: true, maxSockets: 1});
      t.after(() => agent.destroy());
      await using given = await givenServer(
        () => undefined,
        {},
        {
          setup: app => void app.controller(GreetingController),
        },
      );
      const url = given.server.url ?? '';
      const body = JSON.stringify({text: 'x'.repeat(100_000)});
      for (let count = 0; count < 12; count++) {
        assert.deepEqual(await ask(`${url}/hello`, {agent}), [200, 'hello']);
        const echoed = await ask(`${url}/echo`, {agent, method: 'POST'}, body);
        assert.deepEqual(echoed, [200, body]);
      }
      const plain = {agent, headers: {Connection: 'keep-alive', Upgrade: ''}};
      assert.deepEqual(await ask(`${url}/hello`, plain), [200, 'hello']);
      assert.equal(warned.callCount(), 0);
      await using client = await givenAuthenticated(url);
      void client;
    });

    it('is answered as usual where it polls', async () => {
      await using given = await givenServer();
      const [status, body] = await ask(
        `${given.server.url ?? ''}/socket.io/?EIO=4&transport=polling`,
      );
      assert.equal(status, 200);
      assert.match(body, /^0\{"sid":/);
    });

    it('is answered over https', async () => {
      const http = createHttpsServer(tls, (_request, response) => response.end('mine'));
      await once(http.listen(0, '127.0.0.1'), 'listening');
      await using _closed = {
        [Symbol.asyncDispose]: async () => {
          http.close();
          await once(http, 'close');
        },
      };
      await using _given = await givenServer(() => undefined, {}, {component: {http}});
      assert.deepEqual(await ask(urlOf(http, 'https')), [200, 'mine']);
    });

    it('is left to other listeners that the HTTP server has', async () => {
      await using own = givenHttp();
      own.http.on('upgrade', ({headers}: IncomingMessage, socket: Socket) => {
        if (headers.upgrade === 'h2c')
          socket.end('HTTP/1.1 426 Other\r\nConnection: close\r\n\r\n');
      });
      await own.listen();
      await using _given = await givenServer(
        () => undefined,
        {},
        {component: {http: own.http}},
      );
      assert.equal((await ask(urlOf(own.http)))[0], 426);
      await using client = await givenAuthenticated(urlOf(own.http));
      void client;
    });

    it('may name websockets among others, and is one for them then', async () => {
      await using given = await givenServer();
      const headers = {Upgrade: 'h2c, websocket'};
      const [status] = await ask(`${given.server.url ?? ''}/elsewhere`, {headers});
      assert.equal(status, 404);
    });
  },
);
