import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {Admission} from '../../../dist/namespace/admission';
import {remainsOf} from '../../helpers/endpoint-remains';
import {
  givenNamespace,
  NAMESPACE_KINDS,
  reach,
  TRANSPORTS,
} from '../../helpers/namespace';
import type {TestClient} from '../../helpers/client';
import {Queue} from '../../helpers/queue';
import {seconds} from '../../helpers/awaited';

/** Whatever was sent to the client before has arrived after this. */
async function settle(socket: Socket, client: TestClient): Promise<void> {
  socket.emit('marker');
  await client.next('marker');
}

/** All that comes over the client's transport, understood by it or not. */
function recordPackets(client: TestClient): {all: string[]; closed: Promise<void>} {
  const all: string[] = [];
  const manager = client.socket.io;
  manager.on('open', () => {
    manager.engine.on('packet', packet => all.push(String(packet.data)));
  });
  const closed = new Promise<void>(resolve => manager.on('close', () => resolve()));
  return {all, closed};
}

const EARLY = ['from middleware', 'from connection', 'from authentication'];

for (const kind of NAMESPACE_KINDS) {
  for (const transport of TRANSPORTS) {
    for (const recovery of [false, true]) {
      const variant = {kind, transport, recovery};
      const title = `${kind.title}, ${transport}, ${recovery ? 'with' : 'without'} recovery`;

      describe(`admission to ${title}`, {timeout: seconds(20)}, () => {
        it('reaches no socket that is connecting, authenticating or refused', async () => {
          const gate = new Queue<[Socket, () => void]>();
          await using given = await givenNamespace({
            ...variant,
            setup: server => {
              server.io.use((socket, next) => {
                void socket.join(EARLY);
                gate.push([socket, next]);
              });
            },
          });
          await using client = given.connect();
          const packets = recordPackets(client);
          const [socket, next] = await gate.next();
          assert.deepEqual(await reach(socket.nsp, socket.id, EARLY), []);

          next();
          await given.sockets.next();
          assert.deepEqual(await reach(socket.nsp, socket.id, EARLY), []);
          await settle(socket, client);
          assert.deepEqual(client.names, ['connect', 'marker']);
          assert.deepEqual([...socket.rooms], []);

          client.socket.emit('authentication', {});
          const authentication = await given.authentications.next();
          assert.deepEqual(await reach(socket.nsp, socket.id, EARLY), []);
          await settle(socket, client);
          assert.deepEqual(client.names, ['connect', 'marker', 'marker']);
          assert.deepEqual([...socket.rooms], []);

          let refused: Promise<string[]> | undefined;
          socket.on('disconnect', () => {
            refused = reach(socket.nsp, socket.id, EARLY);
          });
          authentication.fail();
          await client.next('disconnect');
          await packets.closed;
          assert.deepEqual(await refused, []);
          assert.deepEqual(client.names.slice(3), ['unauthorized', 'disconnect']);
          assert.deepEqual(
            packets.all.filter(packet => packet.includes('broadcast')),
            [],
          );
        });

        it('opens rooms joined early and broadcasts once authentication has succeeded, before connected handlers', async () => {
          let roomsWhenConnected: unknown;
          await using given = await givenNamespace({
            ...variant,
            setup: server => {
              server.io.use((socket, next) => {
                void socket.join(['from middleware', 'left']);
                next();
              });
              server.io.on('connection', socket => {
                void socket.join(['from connection', 'left later']);
                void socket.leave('left');
              });
              server.onConnected((socket: Socket) => {
                roomsWhenConnected = [...socket.rooms].sort();
                for (const room of ['left', 'left later', ...EARLY]) {
                  socket.nsp.to(room).emit(room);
                }
                socket.nsp.to(socket.id).emit('own room');
                socket.nsp.emit('all');
              });
            },
          });
          await using client = given.connect();
          const socket = await given.sockets.next();
          client.socket.emit('authentication', {});
          const authentication = await given.authentications.next();
          await socket.join('from authentication');
          await socket.leave('left later');
          assert.deepEqual([...socket.rooms], []);
          authentication.succeed();
          await client.next('authenticated');
          assert.deepEqual(roomsWhenConnected, [...EARLY, socket.id].sort());
          assert.deepEqual(client.names, [
            'connect',
            ...EARLY,
            'own room',
            'all',
            'authenticated',
          ]);
        });

        it("delivers a socket's own emit at any time, and its ack", async () => {
          await using given = await givenNamespace({
            ...variant,
            setup: server => {
              server.io.on('connection', (socket: Socket) => {
                socket.emit('when connected', 1);
              });
              server.onConnected((socket: Socket) => {
                socket.emit('after authentication', 2);
              });
            },
          });
          await using client = given.connect();
          client.socket.on('question', (question: string, ack: (reply: string) => void) =>
            ack(`answer to ${question}`),
          );
          const socket = await given.sockets.next();
          assert.equal(await client.next('when connected'), 1);
          assert.equal(await socket.emitWithAck('question', 'one'), 'answer to one');

          client.socket.emit('authentication', {});
          const authentication = await given.authentications.next();
          const answer: unknown = await socket
            .timeout(5000)
            .emitWithAck('question', 'two');
          assert.equal(answer, 'answer to two');
          socket.send('plain message');
          assert.equal(await client.next('message'), 'plain message');

          const outgoing: unknown[] = [];
          socket.onAnyOutgoing((...event: unknown[]) => outgoing.push(event[0]));
          socket.emit('seen going out');
          authentication.succeed();
          await client.next('authenticated');
          assert.deepEqual(outgoing, [
            'seen going out',
            'after authentication',
            'authenticated',
          ]);
          assert.equal(await socket.emitWithAck('question', 'three'), 'answer to three');
        });

        it('runs no guard, listener or method before authentication', async () => {
          const ran: string[] = [];
          await using given = await givenNamespace({
            ...variant,
            setup: server => {
              server.io.on('connection', (socket: Socket) => {
                socket.use(([name], next) => {
                  ran.push(`guard of ${name}`);
                  next();
                });
                socket.on('listened', () => ran.push('listener'));
                socket.on('authentication', () => ran.push('authentication listener'));
              });
              server.defineMethod('called', () => ran.push('method'));
            },
          });
          await using client = given.connect();
          await given.sockets.next();
          client.socket.emit('listened');
          const early = await client.call('called');
          assert.equal(early.error.code, 'UNAUTHENTICATED');
          client.socket.emit('authentication', {});
          const authentication = await given.authentications.next();
          const arrived = new Promise<void>(resolve => {
            authentication.socket.onAny((name: string) => {
              if (name === 'called') resolve();
            });
          });
          client.socket.emit('listened');
          const waiting = client.call('called');
          await arrived;
          await settle(authentication.socket, client);
          assert.deepEqual(ran, []);

          authentication.fail();
          assert.equal((await waiting).error.code, 'UNAUTHENTICATED');
          await client.next('disconnect');
          assert.deepEqual(ran, []);
        });

        it('treats an authenticated socket as socket.io does', async () => {
          await using given = await givenNamespace(variant);
          const [one, socket] = await given.authenticated();
          await using client = one;
          const {nsp} = socket;
          assert.deepEqual(
            (await nsp.fetchSockets()).map(({id}) => id),
            [socket.id],
          );
          nsp.in(socket.id).socketsJoin('by namespace');
          await socket.join('by itself');
          assert.deepEqual([...socket.rooms].sort(), [
            ...['by itself', 'by namespace', socket.id].sort(),
          ]);
          nsp.to('by itself').emit('joined');
          await client.next('joined');

          await socket.leave('by itself');
          nsp.to('by itself').emit('left');
          socket['leaveAll']();
          nsp.emit('left all');
          await socket.join(['again', socket.id]);
          nsp.to('again').emit('joined again');
          await client.next('joined again');
          assert.deepEqual(client.names, [
            'connect',
            'authenticated',
            'joined',
            'joined again',
          ]);

          nsp.disconnectSockets();
          assert.equal(await client.next('disconnect'), 'io server disconnect');
          assert.deepEqual(await nsp.fetchSockets(), []);
        });
      });
    }
  }
}

for (const recovery of [false, true]) {
  const title = recovery ? 'with' : 'without';

  describe(
    `admission, ${title} connection state recovery,`,
    {timeout: seconds(20)},
    () => {
      it('delivers what a `connect` listener emits to the socket, and none of its broadcasts', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: server => {
            server.io.on('connect', (socket: Socket) => {
              socket.nsp.emit('broadcast');
              socket.nsp.to(socket.id).emit('broadcast');
              socket.emit('from the connect listener');
            });
          },
        });
        await using client = given.connect();
        const socket = await given.sockets.next();
        await settle(socket, client);
        assert.deepEqual(client.names, [
          'connect',
          'from the connect listener',
          'marker',
        ]);
      });

      it('delivers what a connection listener of the application emits that was added before start', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: (_server, io) => {
            io.prependListener('connection', (socket: Socket) => {
              socket.emit('from the first listener');
            });
          },
        });
        await using client = given.connect();
        const socket = await given.sockets.next();
        await settle(socket, client);
        assert.deepEqual(client.names, ['connect', 'from the first listener', 'marker']);
      });

      it('runs nothing for a socket that a listener of the application disconnects at once', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: server => {
            server.io.on('connect', (socket: Socket) => {
              if (socket.handshake.auth.blocked) socket.disconnect();
            });
          },
        });
        await using blocked = given.connect({auth: {blocked: true}});
        await blocked.next('disconnect');
        await using client = given.connect({auth: {token: 'ok'}});
        await given.sockets.next();
        await given.sockets.next();
        const {credentials} = await given.authentications.next();
        assert.deepEqual(credentials, {token: 'ok'});
        assert.equal(given.authentications.size, 0);
        assert.equal(given.server['endpoint']['sessions'].size, 1);
        await client.next('connect');
      });

      it('admits a socket that has left all rooms before', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: server => {
            server.onConnected(async (socket: Socket) => {
              await socket.join('joined after');
              socket.nsp.to('joined before').emit('to the room left');
              socket.nsp.to('joined after').emit('to the room joined');
              socket.nsp.emit('to all');
            });
          },
        });
        await using client = given.connect();
        const socket = await given.sockets.next();
        await socket.join('joined before');
        socket['leaveAll']();
        await settle(socket, client);
        client.socket.emit('authentication', {});
        (await given.authentications.next()).succeed();
        await client.next('authenticated');
        assert.deepEqual(client.names, [
          'connect',
          'marker',
          'to the room joined',
          'to all',
          'authenticated',
        ]);
        assert.ok(socket.rooms.has('joined after'));
        assert.ok(!socket.rooms.has('joined before'));
      });

      it('keeps an `emit` that the application has wrapped', async () => {
        const wrapped: unknown[] = [];
        await using given = await givenNamespace({
          recovery,
          setup: server => {
            server.io.on('connection', (socket: Socket) => {
              const emit = socket.emit.bind(socket);
              socket.emit = (...event) => {
                wrapped.push(event[0]);
                return emit(...event);
              };
            });
          },
        });
        const [one, socket] = await given.authenticated();
        await using client = one;
        await settle(socket, client);
        assert.deepEqual(wrapped, ['authenticated', 'marker']);
      });

      it('reaches no unauthenticated socket through an adapter set after init', async () => {
        let replaced = false;
        await using given = await givenNamespace({
          recovery,
          setup: (_server, io) => {
            const Base = io.adapter() as new (...args: any[]) => object;
            io.adapter(
              class extends Base {
                constructor(...args: any[]) {
                  super(...args);
                  replaced = true;
                }
              } as any,
            );
          },
        });
        assert.ok(replaced);
        await using client = given.connect();
        const socket = await given.sockets.next();
        await socket.join('early');
        assert.deepEqual(await reach(socket.nsp, socket.id, ['early']), []);
        await settle(socket, client);
        client.socket.emit('authentication', {});
        (await given.authentications.next()).succeed();
        await client.next('authenticated');
        assert.deepEqual(client.names, ['connect', 'marker', 'authenticated']);
        given.io.to('early').emit('to the room');
        await client.next('to the room');
      });

      it('lets no listener to rooms fail a socket, on an adapter set after init', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: (server, io) => {
            const Base = io.adapter() as new (...args: any[]) => object;
            io.adapter(class extends Base {} as any);
            server.io.adapter.on('leave-room', () => {
              throw new Error('cause');
            });
          },
        });
        const [one, socket] = await given.authenticated();
        await using client = one;
        socket.disconnect();
        assert.equal(await client.next('disconnect'), 'io server disconnect');
        assert.deepEqual(remainsOf(given.server), {connections: 0, running: 0});
        const sources = given.given.logged.map(([, , {handler}]) => handler);
        assert.deepEqual(sources, ["io.adapter.on('leave-room')"]);
      });

      it('keeps nothing of sockets that are gone', async () => {
        await using given = await givenNamespace({
          recovery,
          setup: server => {
            server.io.use((socket, next) => {
              void socket.join('early');
              next(socket.handshake.query.refuse ? new Error('Refused.') : undefined);
            });
          },
        });
        await using turnedAway = given.connect({query: {refuse: '1'}});
        await turnedAway.next('connect_error');

        await using refused = given.connect();
        await given.sockets.next();
        refused.socket.emit('authentication');
        (await given.authentications.next()).fail();
        await refused.next('disconnect');

        await using silent = given.connect();
        const silentSocket = await given.sockets.next();
        await using admitted = given.connect();
        const admittedSocket = await given.sockets.next();
        admitted.socket.emit('authentication');
        (await given.authentications.next()).succeed();
        await admitted.next('authenticated');
        for (const [client, socket] of [
          [silent, silentSocket],
          [admitted, admittedSocket],
        ] as const) {
          const gone = new Promise(resolve => socket.once('disconnect', resolve));
          client.socket.disconnect();
          await gone;
        }
        // Before this package's own listener has seen it.
        given.server.io.once('connect', socket => socket.disconnect());
        await using away = given.connect();
        await away.next('disconnect');
        const {adapter} = given.server.io;
        assert.equal(Admission.of(given.server.io)['held'].size, 0);
        assert.equal(adapter.sids.size, 0);
        assert.equal(adapter.rooms.size, 0);
        assert.equal(given.server['endpoint']['sessions'].size, 0);
      });
    },
  );
}
