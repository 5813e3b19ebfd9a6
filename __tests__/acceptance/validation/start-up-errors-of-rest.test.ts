import {authenticate} from '@loopback/authentication';
import type {Application, ControllerClass} from '@loopback/core';
import {get, param, patch, post, requestBody} from '@loopback/rest';
import {
  onSocketConnected,
  onSocketDisconnected,
  socketAuth,
  socketMethod,
} from 'loopback4-socket';
import type {Socket, SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import {assertStartFails} from '../../helpers/start-up-errors';
import {addTokenStrategy} from '../../helpers/token-strategy';

interface Refused {
  controller: ControllerClass;
  options?: SocketServerOptions;
  setup?: (app: Application) => void;
  says: RegExp;
}

class Plain {
  @socketMethod()
  ping() {
    return 1;
  }
}

class WithAuth {
  @socketAuth()
  login() {
    return true;
  }
}

class TooMany {
  @get('/a')
  @socketMethod()
  both(@param.query.string('a') a: string, socket: Socket) {
    return [a, socket.id];
  }
}

class NoneFilled {
  @get('/a')
  @socketMethod()
  both(socket: Socket) {
    return socket.id;
  }
}

class WithArgs {
  @get('/a')
  @socketMethod({args: {type: 'object'}})
  both(@param.query.string('a') a: string) {
    return a;
  }
}

class SameNames {
  @get('/a/{id}')
  @socketMethod()
  both(@param.path.string('id') id: string, @param.query.string('id') other: string) {
    return [id, other];
  }
}

class BodyTwice {
  @post('/a')
  @socketMethod()
  both(@param.query.string('body') body: string, @requestBody() given: object) {
    return [body, given];
  }
}

class Upload {
  @post('/a')
  @socketMethod()
  both(@requestBody.file() request: object) {
    return request;
  }
}

class RestAuth {
  @post('/a')
  @socketAuth()
  login(@requestBody() body: object) {
    return body;
  }
}

class RestConnected {
  @patch('/a')
  @onSocketConnected()
  connected() {
    return 1;
  }
}

class Unguarded {
  @authenticate('token')
  @socketMethod()
  ping() {
    return 1;
  }
}

@authenticate('token')
class UnguardedClass {
  @onSocketConnected()
  connected() {
    return 1;
  }
}

const anonymous = {anonymous: true};

const REFUSED: Record<string, Refused> = {
  'a REST operation with a parameter that REST does not fill': {
    controller: TooMany,
    options: anonymous,
    says: /TooMany\.both is a REST operation .*@param, @requestBody or @inject/,
  },
  'a REST operation with no other parameter': {
    controller: NoneFilled,
    options: anonymous,
    says: /NoneFilled\.both is a REST operation/,
  },
  'a REST operation with `args`': {
    controller: WithArgs,
    options: anonymous,
    says: /WithArgs\.both .*Remove `args` from @socketMethod/,
  },
  'a REST operation with two parameters of one name': {
    controller: SameNames,
    options: anonymous,
    says: /SameNames\.both has two REST parameters named "id"/,
  },
  'a REST operation with a parameter named body beside its body': {
    controller: BodyTwice,
    options: anonymous,
    says: /BodyTwice\.both has a REST parameter named "body"/,
  },
  'a REST operation that takes an upload': {
    controller: Upload,
    options: anonymous,
    says: /Upload\.both has a request body that no socket can send/,
  },
  'a REST operation that authenticates': {
    controller: RestAuth,
    says: /RestAuth\.login is a REST operation as well\. Only a @socketMethod can be one/,
  },
  'a REST operation as connected handler': {
    controller: RestConnected,
    options: anonymous,
    says: /RestConnected\.connected is a REST operation as well/,
  },
  '@authenticate without AuthenticationComponent': {
    controller: Unguarded,
    options: anonymous,
    says: /Unguarded\.ping carries @authenticate, but .*Add AuthenticationComponent/,
  },
  '@authenticate on a class without AuthenticationComponent': {
    controller: UnguardedClass,
    options: anonymous,
    says: /UnguardedClass\.connected carries @authenticate/,
  },
  'a strategy without AuthenticationComponent': {
    controller: Plain,
    options: {authentication: 'token'},
    says: /"SocketServer" is configured with authentication strategy "token", but the application has no AuthenticationComponent/,
  },
  'a strategy beside a handler': {
    controller: WithAuth,
    options: {authentication: {strategy: 'token'}},
    setup: addTokenStrategy,
    says: /strategy "token", and WithAuth\.login authenticates it\. Remove one/,
  },
  'a strategy on an anonymous server': {
    controller: Plain,
    options: {authentication: 'token', anonymous: true},
    setup: addTokenStrategy,
    says: /strategy "token", and is anonymous\. Remove one/,
  },
  'credentials put in place for no strategy': {
    controller: Plain,
    options: {authentication: {applyCredentials: () => undefined}},
    setup: addTokenStrategy,
    says: /has Plain\.ping, but nothing that authenticates its sockets/,
  },
};

describe('a start is stopped by', () => {
  for (const [title, {controller, options = {}, setup, says}] of Object.entries(
    REFUSED,
  )) {
    it(title, async () => {
      const servers = {'': options};
      const given = {controllers: [controller], servers, ...(setup && {setup})};
      await assertStartFails(given, says);
    });
  }

  it('none of these: @authenticate on a disconnected handler, or skipped', async () => {
    class Fine {
      @authenticate('token')
      @onSocketDisconnected()
      left() {
        return 1;
      }

      @authenticate.skip()
      @socketMethod()
      ping() {
        return 1;
      }
    }
    await using given = await givenApp({controllers: [Fine], servers: {'': anonymous}});
    assert.ok(given.server.listening);
  });
});
