import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {authenticate, AuthenticationComponent} from '@loopback/authentication';
import {authorize, AuthorizationComponent} from '@loopback/authorization';
import type {AuthorizationContext} from '@loopback/authorization';
import {AuthorizationDecision, AuthorizationTags} from '@loopback/authorization';
import {inject} from '@loopback/core';
import {SecurityBindings, securityId} from '@loopback/security';
import {
  onSocketDisconnected,
  SocketBindings,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import {expectCall, givenSocketApp} from 'loopback4-socket/testing';
import {ChatApplication} from '../../helpers/chat-app';
import type {ChatApi, ChatEvents, ChatUser} from '../../helpers/chat-app';
import {givenClient} from '../../helpers/client';

const within = {timeout: 10_000};
const HEADER = 'x-loopback4-socket-given-user';

class RestrictedController {
  @authenticate('jwt')
  @authorize({allowedRoles: ['admin']})
  @socketMethod()
  restricted(@inject(SecurityBindings.USER) user: ChatUser) {
    return user.id;
  }
}

/** Its strategy accepts nobody, because there is none. */
class RestrictedApplication extends ChatApplication {
  constructor(options = {}) {
    super(options);
    this.component(AuthenticationComponent);
    this.component(AuthorizationComponent);
    this.controller(RestrictedController);
    const authorizer = ({principals: [user]}: AuthorizationContext) =>
      Promise.resolve(
        user.role === 'admin' ? AuthorizationDecision.ALLOW : AuthorizationDecision.DENY,
      );
    this.bind('authorizer').to(authorizer).tag(AuthorizationTags.AUTHORIZER);
  }
}

describe('a given user', () => {
  it(
    'needs no token for methods with @authenticate; @authorize decides',
    within,
    async () => {
      await using app = await givenSocketApp(RestrictedApplication);
      await using admin = await app.client({user: {id: 1, role: 'admin'}});
      assert.equal(await admin.call.restricted(), 1);
      await using member = await app.client({user: {id: 2, role: 'member'}});
      await expectCall(member.call.restricted(), {statusCode: 403});
      await using cid = await app.client({credentials: {token: 'token of Cid'}});
      await expectCall(cid.call.restricted(), {statusCode: 401});
    },
  );

  it('has the room of its id, and can be disconnected', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const user = {[securityId]: '1', id: 1};
    await using ana = await app.client<ChatApi, ChatEvents>({user});
    const server = SocketServer.get(app.application);
    const said = ana.next('said');
    server.toUser('1').emit('said', 'to the user');
    assert.equal(await said, 'to the user');
    const unauthorized = ana.next('unauthorized');
    server.disconnectUser('1');
    assert.equal((await unauthorized).code, 'AUTHENTICATION_REVOKED');
  });

  it('expires', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    const expired = app.client({user: {id: 1, expiresAt: Date.now() - 1}});
    await expectCall(expired, {code: 'AUTHENTICATION_EXPIRED'});
    const user = {id: 1, expiresAt: Date.now() + 200};
    await using ana = await app.client({user});
    assert.equal((await ana.next('unauthorized')).code, 'AUTHENTICATION_EXPIRED');
  });

  it('is refused like any other when it has no valid id', within, async () => {
    const logged: unknown[] = [];
    await using app = await givenSocketApp(ChatApplication, {
      bind: {[SocketBindings.LOG_ERROR.key]: (error: unknown) => logged.push(error)},
      setup: one => {
        const userId = ({id}: ChatUser) => id;
        one.configure(SocketBindings.server()).to({userId});
      },
    });
    await expectCall(app.client({user: {id: {}}}), {statusCode: 401});
    assert.equal(logged.length, 1);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    assert.deepEqual(await ana.call.whoAmI(), {id: 1});
  });

  it('is refused by an anonymous server, which has no users', within, async () => {
    await using app = await givenSocketApp(ChatApplication, {
      setup: one => {
        SocketServer.get(one, 'open', {anonymous: true}).defineMethod('ping', () => 1);
      },
    });
    await assert.rejects(app.client({server: 'open', user: {id: 1}}), {
      message: 'Server "open" is anonymous: its sockets have no user. Leave `user` out.',
    });
    await using anyone = await app.client({server: 'open'});
    assert.equal(await anyone.call.ping(), 1);
  });

  it('renews its authentication', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using ana = await app.client<ChatApi>({user: {id: 1}});
    const renewal = await ana.socket.emitWithAck('authentication', {tenant: 'b'});
    assert.deepEqual(renewal, {result: true});
    assert.deepEqual(await ana.call.credentials(), {tenant: 'b'});
  });

  it(
    'exists only for those who have its secret, on its server, while it is used',
    within,
    async () => {
      await using app = await givenSocketApp(ChatApplication, {
        setup: one => {
          const server = SocketServer.get(one, 'admin');
          server.auth(() => false);
          server.defineMethod('ping', () => 1);
        },
      });
      const ana = await app.client({user: {id: 1}});
      await using admin = await app.client({server: 'admin', user: {id: 2}});
      const {extraHeaders = {}} = ana.socket.io.opts;
      const {[HEADER]: secret} = extraHeaders;
      assert.equal(Buffer.from(secret, 'base64url').length, 32);
      const join = async (path: string, headers: Record<string, string>) => {
        const options = {extraHeaders: headers, reconnection: false};
        await using client = givenClient(app.url + path, options);
        const {error, result} = await client.call('authentication');
        return error ? error.statusCode : result;
      };
      assert.equal(await join('/', extraHeaders), true);
      assert.equal(await join('/admin', extraHeaders), 401);
      for (const wrong of ['', '1', `${secret}x`, 'true', '__proto__', '{"id":1}']) {
        assert.equal(await join('/', {[HEADER]: wrong}), 401, wrong);
      }
      await ana.close();
      assert.equal(await join('/', extraHeaders), 401);
      assert.equal(await admin.call.ping(), 1);
    },
  );

  it('exists in no other application', within, async () => {
    await using app = await givenSocketApp(ChatApplication);
    await using other = await givenSocketApp(ChatApplication);
    await using ana = await app.client({user: {id: 1}});
    await using _ben = await other.client({user: {id: 2}});
    const {extraHeaders} = ana.socket.io.opts;
    await expectCall(other.client({io: {extraHeaders}}), {statusCode: 401});
  });

  it('leaves as any user does', within, async () => {
    const left: string[] = [];
    class LeavingController {
      @onSocketDisconnected()
      left(socket: unknown, reason: string, @inject('security.user') user: ChatUser) {
        left.push(`${user.id}: ${reason}`);
      }
    }
    const app = await givenSocketApp(ChatApplication, {
      setup: one => {
        one.controller(LeavingController);
      },
    });
    await using ana = await app.client({user: {id: 1}});
    await ana.close();
    await app.stop();
    assert.deepEqual(left, ['1: client namespace disconnect']);
  });
});
