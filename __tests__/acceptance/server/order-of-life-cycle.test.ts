import {CoreBindings, lifeCycleObserver} from '@loopback/core';
import type {Application, LifeCycleObserver} from '@loopback/core';
import {juggler} from '@loopback/repository';
import {RestServer} from '@loopback/rest';
import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {givenAuthenticated} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

/** Ways in which an application may order its observers itself; some name no group for sockets. */
const orders: Record<string, (app: Application) => void | Promise<void>> = {
  'in the usual order': () => undefined,
  'ordered by setOrderedGroups': async app => {
    const registry = await app.get(CoreBindings.LIFE_CYCLE_OBSERVER_REGISTRY);
    registry.setOrderedGroups(['datasource', 'server', 'migration']);
  },
  'ordered by setOrderedGroups with sockets first': async app => {
    const registry = await app.get(CoreBindings.LIFE_CYCLE_OBSERVER_REGISTRY);
    registry.setOrderedGroups(['socket', 'server', 'datasource']);
  },
  'ordered by configuration': app => {
    app
      .bind(CoreBindings.LIFE_CYCLE_OBSERVER_OPTIONS)
      .to({orderedGroups: ['server', 'datasource'], parallel: true});
  },
  'ordered by configuration, one observer after the other': app => {
    app
      .bind(CoreBindings.LIFE_CYCLE_OBSERVER_OPTIONS)
      .to({orderedGroups: ['datasource'], parallel: false});
  },
  'ordered by configuration that names no group': app => {
    app
      .bind(CoreBindings.LIFE_CYCLE_OBSERVER_OPTIONS)
      .to({orderedGroups: [], parallel: true});
  },
};

describe('the order in which an application starts and stops', () => {
  for (const [title, order] of Object.entries(orders)) {
    it(`serves sockets only between data sources and REST, ${title}`, async () => {
      const events: string[] = [];
      let server: SocketServer | undefined;

      @lifeCycleObserver('datasource')
      class MemoryDataSource extends juggler.DataSource implements LifeCycleObserver {
        constructor() {
          super({name: 'memory', connector: 'memory'});
        }

        async start(): Promise<void> {
          await setImmediate();
          assert.equal(server?.listening, false);
          events.push('data source started');
        }

        override async stop(): Promise<void> {
          events.push('data source stops');
          assert.equal(server?.listening, false);
          await super.disconnect();
        }
      }

      await using given = await givenServer(
        one => {
          server = one;
          one.defineMethod('slow', async () => {
            await setImmediate();
            events.push('call answered');
            return 1;
          });
          one.onConnected(() => events.push('client connected'));
          one.onDisconnected(async () => {
            await setImmediate();
            events.push('client gone');
          });
        },
        {},
        {
          setup: async app => {
            await order(app);
            app.lifeCycleObserver(MemoryDataSource);
            const rest: Pick<
              Required<LifeCycleObserver>,
              'start' | 'stop'
            > = await app.getServer(RestServer);
            const {start, stop} = rest;
            rest.start = async () => {
              await setImmediate();
              await start.call(rest);
              assert.equal(server?.listening, false);
              events.push('REST listens');
            };
            rest.stop = async () => {
              events.push('REST stops');
              assert.equal(server?.listening, false);
              await stop.call(rest);
            };
          },
        },
      );
      for (let i = 0; i < 2; i++) {
        if (i > 0) await given.app.start();
        assert.deepEqual(events.splice(0).sort(), [
          'REST listens',
          'data source started',
        ]);
        assert.equal(given.server.listening, true);
        await using client = await givenAuthenticated(given.server.url);
        assert.deepEqual(events.splice(0), ['client connected']);
        const answer = client.call('slow');
        await client.call('marker');
        await given.app.stop();
        assert.deepEqual(await answer, {result: 1});
        const stopped = events.splice(0);
        assert.deepEqual(stopped.slice(0, 2), ['call answered', 'client gone']);
        assert.deepEqual(stopped.slice(2).sort(), ['REST stops', 'data source stops']);
      }
    });
  }
});
