import assert from 'node:assert/strict';
import {once} from 'node:events';
import {describe, it} from 'node:test';
import {createBindingFromClass, injectable} from '@loopback/core';
import type {Application} from '@loopback/core';
import {RestApplication, RestBindings} from '@loopback/rest';
import express from 'express';
import {load} from 'js-yaml';
import {asAsyncApiEnhancer, getAsyncApiSpec, SocketComponent} from 'loopback4-socket';
import type {AsyncApiEnhancer, AsyncApiSpec} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import type {AppOptions} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import {ChatController} from '../../helpers/document-controllers';

const given = (options: AppOptions = {}) =>
  givenApp({controllers: [AuthController, ChatController], ...options});

function urlOf(app: Application): string {
  return app.getSync(RestBindings.SERVER).url ?? '';
}

async function readJson(url: string): Promise<any> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return response.json();
}

describe('/asyncapi.json', () => {
  it('is the document, and /asyncapi.yaml the same as YAML', async () => {
    await using given_ = await given();
    const url = urlOf(given_.app);
    const json = await fetch(`${url}/asyncapi.json`);
    assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
    const yaml = await fetch(`${url}/asyncapi.yaml`);
    assert.match(yaml.headers.get('content-type') ?? '', /^text\/yaml/);
    const spec = await getAsyncApiSpec(given_.app);
    assert.deepEqual(await json.json(), spec);
    assert.deepEqual(load(await yaml.text()), spec);
  });

  it('is not in the OpenAPI document', async () => {
    await using given_ = await given();
    const {paths} = await readJson(`${urlOf(given_.app)}/openapi.json`);
    assert.ok(!JSON.stringify(paths).includes('asyncapi'));
  });

  it('is served under basePath, with the headers of CORS', async () => {
    await using given_ = await given({rest: {basePath: '/api'}});
    const response = await fetch(`${urlOf(given_.app)}/asyncapi.json`, {
      headers: {Origin: 'http://elsewhere.example'},
    });
    assert.equal(response.status, 200);
    assert.ok(response.url.endsWith('/api/asyncapi.json'));
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
  });

  it('is sent again only after a change', async () => {
    await using given_ = await given();
    const url = `${urlOf(given_.app)}/asyncapi.json`;
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    // Without it, fetch asks for no cached answer.
    const headers = {'If-None-Match': etag, 'Cache-Control': 'max-age=0'};
    const same = await fetch(url, {headers});
    assert.equal(same.status, 304);
    assert.equal(await same.text(), '');
    given_.server.defineMethod('later', () => 1);
    assert.equal((await fetch(url, {headers})).status, 200);
  });

  it('answers HEAD, and leaves other methods to the application', async () => {
    await using given_ = await given();
    const url = `${urlOf(given_.app)}/asyncapi.json`;
    const head = await fetch(url, {method: 'HEAD'});
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
    assert.equal((await fetch(url, {method: 'POST'})).status, 404);
  });

  it('is off with asyncApi: false, and with openApiSpec.disabled', async () => {
    for (const options of [
      {component: {asyncApi: false}},
      {rest: {openApiSpec: {disabled: true}}},
    ]) {
      await using given_ = await given(options);
      const {status} = await fetch(`${urlOf(given_.app)}/asyncapi.json`);
      assert.equal(status, 404, JSON.stringify(options));
      // Code still has it.
      assert.ok((await getAsyncApiSpec(given_.app)).operations.say);
    }
  });

  it('has the address of the request with setServersFromRequest', async () => {
    await using given_ = await given({
      rest: {openApiSpec: {setServersFromRequest: true}},
    });
    const url = urlOf(given_.app);
    const {servers} = await readJson(`${url}/asyncapi.json`);
    assert.equal(servers.default.host, new URL(url).host);
    assert.equal(servers.default.protocol, 'ws');
    assert.deepEqual(servers.default.variables, {});
  });

  it("has the component's own port", async () => {
    await using given_ = await given({
      component: {http: {port: 0, host: '127.0.0.1'}},
      rest: {openApiSpec: {setServersFromRequest: true}},
    });
    const {servers} = await readJson(`${urlOf(given_.app)}/asyncapi.json`);
    const {port} = new URL(given_.server.url ?? '');
    assert.equal(servers.default.host, `127.0.0.1:${port}`);
  });

  it('is served by a REST application that is mounted in Express', async () => {
    const app = new RestApplication({rest: {listenOnStart: false}});
    app.component(SocketComponent);
    const root = express();
    root.use('/mounted', app.requestHandler);
    const server = root.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const {port} = server.address() as {port: number};
      const spec = await readJson(`http://127.0.0.1:${port}/mounted/asyncapi.json`);
      assert.equal(spec.asyncapi, '3.1.0');
    } finally {
      server.close();
    }
  });

  it('has what enhancers change, in their order', async () => {
    @injectable(asAsyncApiEnhancer)
    class ContactEnhancer implements AsyncApiEnhancer {
      readonly name = 'contact';
      modifySpec(spec: AsyncApiSpec): AsyncApiSpec {
        return {...spec, info: {...spec.info, contact: {name: 'Ana'}}};
      }
    }
    await using given_ = await given({
      setup: app => void app.add(createBindingFromClass(ContactEnhancer)),
    });
    const {info} = await readJson(`${urlOf(given_.app)}/asyncapi.json`);
    assert.deepEqual(info.contact, {name: 'Ana'});
  });
});
