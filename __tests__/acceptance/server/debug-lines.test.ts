import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {socketAuth, socketMethod} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {givenAuthenticated} from '../../helpers/client';
import {givenDebugLines} from '../../helpers/debug-lines';

class AdminController {
  @socketAuth({server: 'admin'})
  authenticate(): object {
    return {name: 'user-secret'};
  }

  @socketMethod({server: 'admin'})
  ping(): string {
    return 'pong';
  }
}

class LateController {
  @socketMethod({server: 'admin'})
  late(): string {
    return 'late';
  }
}

describe('DEBUG=loopback:socket:lifecycle', () => {
  it('prints how servers start, change and stop, and nothing secret', async () => {
    using lines = givenDebugLines('loopback:socket:lifecycle');
    const expectLines = async (...expected: string[]) => {
      for (const one of expected) {
        const line = await lines.next();
        assert.ok(line.includes(`loopback:socket:lifecycle ${one}`), `${line}: ${one}`);
        assert.doesNotMatch(line, /secret/);
      }
    };
    await using given = await givenApp({
      controllers: [AdminController],
      servers: {'': {anonymous: true}},
    });
    const url = given.server.url!;
    const read = (handlers: number) => [
      'server "SocketServer" has 0 handlers',
      `server "admin" has ${handlers} handlers`,
    ];
    await expectLines(
      ...read(2),
      'server "SocketServer" is initialized',
      'server "admin" is initialized',
      ...read(2),
      'server "SocketServer" starts',
      'server "admin" starts',
      'server "SocketServer" serves namespace "/"',
      'server "admin" serves namespace "/admin"',
      `socket.io is attached to ${url}`,
    );
    given.app.controller(LateController);
    await expectLines(...read(3));

    await using client = await givenAuthenticated(`${url}/admin`, {token: 'secret'});
    assert.equal((await client.call('ping')).result, 'pong');
    await given.get('admin').stop();
    await expectLines('server "admin" drains', 'server "admin" is stopped');
    await given.app.stop();
    await expectLines(
      'server "SocketServer" drains',
      'socket.io is detached',
      'server "SocketServer" is stopped',
    );
    assert.equal(lines.size, 0);
  });
});
