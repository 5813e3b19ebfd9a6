import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {HttpErrors} from '@loopback/rest';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const INTERNAL = {error: {statusCode: 500, message: 'Internal Server Error'}};

/** A server with methods `echo` and `other`, and what its application does with each new socket. */
async function givenSockets(touch: (socket: Socket) => void): Promise<GivenApp> {
  const given = await givenServer(server => {
    server.defineMethod('echo', (_socket, _credentials, args) => args ?? 'nothing');
    server.defineMethod('other', (_socket, _credentials, args) => ({other: args}));
  });
  given.server.io.on('connection', touch);
  return given;
}

const isAck = (value: unknown) => typeof value === 'function';

const ACK_CHANGES: Record<string, (packet: unknown[]) => void> = {
  wrap: packet => {
    const ack = packet.pop() as (...values: unknown[]) => void;
    packet.push((...values: unknown[]) => ack(...values));
  },
  remove: packet => void packet.pop(),
};

describe('After authentication', () => {
  describeSection('Guards', options => {
    it('run in order before the method, and see name, arguments and ack', async () => {
      const steps: unknown[] = [];
      await using given = await givenSockets(socket => {
        socket.use(([name, args, ack], next) => {
          steps.push(['first', name, args, typeof ack]);
          setImmediate(next);
        });
        socket.use((packet, next) => {
          steps.push(['second', packet.length]);
          next();
        });
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('echo', 1), {result: 1});
      assert.deepEqual(steps, [
        ['first', 'echo', 1, 'function'],
        ['second', 3],
      ]);
    });

    it('never see `authentication`, nor does a renewal wait for them', async () => {
      const seen: unknown[] = [];
      await using given = await givenSockets(socket => {
        socket.use(([name], next) => {
          seen.push(name);
          next();
        });
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      await client.call('authentication', {token: 'ok'});
      await client.call('echo');
      assert.deepEqual(seen, ['echo']);
    });

    it('may rename the event and change its arguments', async () => {
      await using given = await givenSockets(socket => {
        socket.use((packet, next) => {
          if (packet[0] === 'alias') [packet[0], packet[1]] = ['other', 'changed'];
          next();
        });
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('alias', 'sent'), {
        result: {other: 'changed'},
      });
      assert.deepEqual(await client.call('echo', 'sent'), {result: 'sent'});
    });

    for (const [title, change] of Object.entries(ACK_CHANGES)) {
      it(`may ${title} the ack: methods get their args, listeners what socket.io gives them`, async () => {
        const heard: unknown[][] = [];
        await using given = await givenSockets(socket => {
          socket.use((packet, next) => {
            change(packet);
            next();
          });
          socket.on('heard', (...values: unknown[]) => {
            heard.push(values.map(value => (isAck(value) ? 'ack' : value)));
            values.find(isAck)?.('told');
          });
        });
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        assert.deepEqual(await client.call('echo', 1), {result: 1});
        assert.deepEqual(await client.call('echo'), {result: 'nothing'});
        client.socket.emit('heard', 1, () => undefined);
        await client.call('echo');
        assert.deepEqual(heard, [title === 'remove' ? [1] : [1, 'ack']]);
      });
    }

    it('see names that are no method', async () => {
      await using given = await givenSockets(socket => {
        socket.use(([name], next) => next(name === 'unknown' ? forbidden() : undefined));
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.equal((await client.call('unknown')).error.statusCode, 403);
      assert.equal((await client.call('unheard')).error.statusCode, 404);
    });

    const forbidden = () => new HttpErrors.Forbidden('Not you.');
    const body = {statusCode: 403, name: 'ForbiddenError', message: 'Not you.'};
    type Guard = Parameters<Socket['use']>[0];
    const refusals: Record<string, [Guard, unknown, number]> = {
      'calls next with a 4xx error': [(_, next) => next(forbidden()), {error: body}, 0],
      'calls next with a plain Error': [(_, next) => next(new Error('x')), INTERNAL, 1],
      'calls next with a string': [
        (_, next) => next('no' as unknown as Error),
        {error: 'no'},
        0,
      ],
      throws: [
        () => {
          throw forbidden();
        },
        {error: body},
        0,
      ],
      rejects: [async () => Promise.reject(new Error('x')), INTERNAL, 1],
    };
    for (const [title, [guard, answer, logged]] of Object.entries(refusals)) {
      it(`answer the call when one ${title}, and nothing else runs`, async () => {
        const errors: unknown[] = [];
        const ran: unknown[] = [];
        await using given = await givenServer(server => {
          server.defineMethod('echo', () => ran.push('method'));
        });
        given.server.io.on('connection', socket => {
          socket.use(guard);
          socket.use((_packet, next) => {
            ran.push('guard');
            next();
          });
          socket.on('listened', () => ran.push('listener'));
          socket.on('error', error => errors.push(error));
        });
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        client.socket.emit('echo');
        assert.deepEqual(await client.call('listened'), answer);
        assert.deepEqual(await client.call('echo'), answer);
        assert.deepEqual(ran, []);
        assert.equal(errors.length, 3);
        assert.equal(given.logged.length, 3 * logged);
      });
    }

    it('count once, even if one calls next twice', async () => {
      const ran: unknown[] = [];
      await using given = await givenServer(server => {
        server.defineMethod('echo', () => ran.push('method'));
      });
      given.server.io.on('connection', socket => {
        socket.use((_packet, next) => {
          next();
          next(new Error('too late'));
          next();
        });
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('echo'), {result: 1});
      assert.deepEqual(ran, ['method']);
      assert.deepEqual(given.logged, []);
    });
  });

  describeSection('Listeners', options => {
    it('receive arguments and ack, and answer by themselves', async () => {
      await using given = await givenSockets(socket => {
        socket.on('sum', (...values: unknown[]) => {
          const ack = values.pop() as (sum: unknown) => void;
          ack((values as number[]).reduce((one, other) => one + other));
        });
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.equal(await client.call('sum', 1, 2, 3, 4), 10);
    });

    it('all run, and one added with `once` runs once', async () => {
      const ran: unknown[] = [];
      await using given = await givenSockets(socket => {
        socket.once('event', () => ran.push('once'));
        socket.on('event', (value: unknown) => ran.push(value));
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      client.socket.emit('event', 1);
      client.socket.emit('event', 2);
      await client.call('echo');
      assert.deepEqual(ran, ['once', 1, 2]);
    });

    it('that throw or reject are answered like methods', async () => {
      await using given = await givenSockets(socket => {
        socket.on('throw', () => {
          throw 'thrown';
        });
        socket.on('reject', async () => Promise.reject(new Error('rejected')));
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('throw'), {error: 'thrown'});
      assert.deepEqual(await client.call('reject'), INTERNAL);
      client.socket.emit('throw');
      client.socket.emit('reject');
      assert.deepEqual(await client.call('echo'), {result: 'nothing'});
      assert.equal(given.logged.length, 2);
    });

    it('do not run for a name that is a method', async () => {
      const ran: unknown[] = [];
      await using given = await givenSockets(socket => {
        socket.on('echo', () => ran.push('listener'));
      });
      await using client = await givenAuthenticated(given.server.url, undefined, options);
      assert.deepEqual(await client.call('echo', 1), {result: 1});
      assert.deepEqual(ran, []);
    });
  });
});
