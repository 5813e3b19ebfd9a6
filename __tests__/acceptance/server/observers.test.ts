import {Application, inject} from '@loopback/core';
import type {Constructor, LifeCycleObserver} from '@loopback/core';
import {
  SocketBindings,
  SocketComponent,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Namespace, Server as IoServer} from 'socket.io';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import {givenAuthenticated} from '../../helpers/client';
import {seconds} from '../../helpers/awaited';

@socketController({server: 'admin'})
class AdminController {
  @socketMethod('ping')
  ping() {
    return 'pong';
  }
}

class OtherController {
  @socketMethod('ping', {server: 'other'})
  ping() {
    return 'pong';
  }
}

class IoObserver implements LifeCycleObserver {
  constructor(@inject(SocketBindings.IO) readonly io: IoServer) {}

  start() {
    assert.equal(this.io.engine.clientsCount, 0);
  }
}

class ServerObserver implements LifeCycleObserver {
  readonly namespace: Namespace;

  constructor(
    @inject(SocketBindings.server('admin')) readonly server: SocketServer,
    @inject('servers.other') readonly other: SocketServer,
  ) {
    this.namespace = server.io;
  }

  start() {
    assert.equal(this.server.listening, false);
  }
}

const PLACES = ['before the component', 'after the component'] as const;

/** An application with an observer that is bound at either place, and three servers. */
function givenObserved(observer: Constructor<LifeCycleObserver>, place: string) {
  const app = new Application();
  const bind = () => app.lifeCycleObserver(observer, 'observer');
  if (place === PLACES[0]) bind();
  app.component(SocketComponent);
  if (place === PLACES[1]) bind();
  const http = {port: 0, host: '127.0.0.1'};
  app.configure(SocketBindings.COMPONENT).to({http, io: {path: '/chat'}});
  app
    .configure(SocketBindings.server('admin'))
    .to({namespace: '/staff', anonymous: true});
  app.configure(SocketBindings.server('other')).to({anonymous: true});
  app.controller(AuthController);
  app.controller(AdminController);
  app.controller(OtherController);
  return app;
}

describe('the constructor of an observer', {timeout: seconds(20)}, () => {
  for (const place of PLACES) {
    it(`is given the socket.io server, when bound ${place}`, async () => {
      const app = givenObserved(IoObserver, place);
      await app.start();
      const {io} = await app.get<IoObserver>('lifeCycleObservers.observer');
      assert.equal(io, await app.get(SocketBindings.IO));
      assert.equal(io, SocketServer.get(app).io.server);
      assert.equal(io.path(), '/chat');
      await app.stop();
    });

    it(`is given servers that only decorators name, when bound ${place}`, async () => {
      const app = givenObserved(ServerObserver, place);
      await app.start();
      const observer = await app.get<ServerObserver>('lifeCycleObservers.observer');
      assert.equal(observer.server, SocketServer.get(app, 'admin'));
      assert.equal(observer.other, SocketServer.get(app, 'other'));
      assert.equal(observer.namespace, observer.server.io);
      await using client = await givenAuthenticated(observer.server.url, undefined, {
        path: '/chat',
      });
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      assert.equal(observer.namespace.sockets.size, 1);
      assert.equal(observer.namespace.name, '/staff');
      await app.stop();
    });
  }

  it('is refused what the component is not configured for', async () => {
    const app = givenObserved(IoObserver, PLACES[1]);
    app.configure(SocketBindings.COMPONENT).to({io: 7});
    await assert.rejects(app.init(), /option "io" must be/);
  });
});

describe('a server', {timeout: seconds(20)}, () => {
  it('has the namespace that it is configured with, also where it is asked for first', async () => {
    await using given = await givenApp({controllers: [AuthController], start: false});
    await given.app.init();
    given.app.configure(SocketBindings.server('late')).to({namespace: '/later'});
    assert.equal(given.get('late').io.name, '/later');
  });
});
