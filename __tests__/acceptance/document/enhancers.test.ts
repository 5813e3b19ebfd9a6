import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {RestBindings} from '@loopback/rest';
import {ASYNC_API_ENHANCERS, asAsyncApiEnhancer} from 'loopback4-socket';
import type {AsyncApiEnhancer} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';

/** An application with an enhancer; `read` requests its document. */
async function given(modifySpec: AsyncApiEnhancer['modifySpec']) {
  const {app, [Symbol.asyncDispose]: stop} = await givenApp({
    controllers: [AuthController],
    rest: {openApiSpec: {setServersFromRequest: true}},
  });
  app
    .bind(`${ASYNC_API_ENHANCERS}.test`)
    .to({name: 'test', modifySpec})
    .apply(asAsyncApiEnhancer);
  app.bind(RestBindings.SequenceActions.LOG_ERROR).to(() => undefined);
  const read = async () => {
    const {url} = app.getSync(RestBindings.SERVER);
    const response = await fetch(`${url}/asyncapi.json`);
    return {status: response.status, spec: await response.json()};
  };
  return {read, [Symbol.asyncDispose]: stop};
}

describe('an enhancer of the AsyncAPI document', () => {
  it('may put another server in the place of the default one', async () => {
    await using given_ = await given(spec => {
      const {default: production} = spec.servers;
      return {...spec, servers: {production}};
    });
    const {status, spec} = await given_.read();
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(spec.servers), ['production']);
  });

  it('changes the document of its own application only', async () => {
    {
      await using changing = await given(spec => {
        spec.components.messages['socket.failure'].summary = 'Changed.';
        return spec;
      });
      const {spec} = await changing.read();
      assert.equal(spec.components.messages['socket.failure'].summary, 'Changed.');
    }
    await using other = await given(spec => spec);
    const {spec} = await other.read();
    assert.equal(spec.components.messages['socket.failure'].summary, undefined);
  });

  it('fails the request when it throws or returns nothing, and is tried again', async () => {
    let calls = 0;
    await using given_ = await given(spec => {
      calls++;
      if (calls === 1) throw new Error('not yet');
      return calls === 2 ? (undefined as never) : spec;
    });
    const statuses = [];
    for (let at = 0; at < 3; at++) statuses.push((await given_.read()).status);
    assert.deepEqual(statuses, [500, 500, 200]);
  });
});
