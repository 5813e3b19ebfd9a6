import assert from 'node:assert/strict';
import {it} from 'node:test';
import type {Socket} from 'socket.io';
import {MAX_WAITING_CALLS} from 'loopback4-socket';
import {authenticateByToken} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const UNAUTHENTICATED = {
  error: {
    statusCode: 401,
    name: 'UnauthorizedError',
    message: 'Authenticate first.',
    code: 'UNAUTHENTICATED',
  },
};

describeSection('Before authentication', options => {
  it('answers any call 401, and runs nothing of the application', async () => {
    const ran: unknown[] = [];
    await using given = await givenServer(server => {
      server.defineMethod('method', () => ran.push('method'));
    });
    given.server.io.on('connection', socket => {
      socket.use((packet, next) => {
        ran.push('guard');
        next();
        void packet;
      });
      socket.on('listened', () => ran.push('listener'));
      socket.on('authentication', () => ran.push('authentication listener'));
    });
    await using client = givenClient(given.server.url, options);
    client.socket.emit('method');
    client.socket.emit('listened');
    for (const name of ['method', 'listened', 'unknown', '__proto__', 'error', '']) {
      assert.deepEqual(await client.call(name), UNAUTHENTICATED);
    }
    await client.call('authentication', {token: 'ok'});
    assert.deepEqual(ran, []);
    assert.deepEqual(given.logged, []);
    await client.call('method');
    assert.deepEqual(ran, ['guard', 'method']);
  });

  it('lets calls wait while authentication is under way, and runs them in order', async () => {
    const gate = new Gate();
    const ran: number[] = [];
    await using given = await givenServer(server => {
      server.auth(async () => {
        await gate.opened;
        return true;
      });
      server.onConnected(() => ran.push(0));
      server.defineMethod('note', (_socket, _credentials, args: number) => {
        ran.push(args);
        return args;
      });
    });
    given.server.io.once('connection', socket => {
      socket.onAny((_name, args) => {
        if (args === 4) gate.open();
      });
    });
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {});
    client.socket.emit('note', 1);
    const answers = [2, 3, 4].map(async number => client.call('note', number));
    assert.deepEqual(await Promise.all(answers), [{result: 2}, {result: 3}, {result: 4}]);
    assert.deepEqual(ran, [0, 1, 2, 3, 4]);
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });

  it('lets calls wait for connected handlers too', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.onConnected(() => gate.opened);
      server.defineMethod('ping', () => 'pong');
    });
    given.server.io.once('connection', socket => {
      socket.onAny(name => {
        if (name === 'ping') gate.open();
      });
    });
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });

  it('lets 16 calls wait, and answers 429 to more at once', async () => {
    const gate = new Gate();
    const ran: unknown[] = [];
    await using given = await givenServer(server => {
      server.auth(() => gate.opened.then(() => true));
      server.defineMethod('note', (_socket, _credentials, args: number) => {
        ran.push(args);
        return args;
      });
    });
    assert.equal(MAX_WAITING_CALLS, 16);
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {});
    const numbers = Array.from({length: 16}, (_, index) => index);
    const waiting = numbers.map(async number => client.call('note', number));
    assert.deepEqual(await client.call('note', 16), {
      error: {
        statusCode: 429,
        name: 'TooManyRequestsError',
        message: 'Too many calls wait for authentication.',
        code: 'TOO_MANY_REQUESTS',
      },
    });
    client.socket.emit('note', 17);
    // The answer shows that the call without an ack, just before it, has arrived.
    await client.call('note', 18);
    gate.open();
    const results = numbers.map(result => ({result}));
    assert.deepEqual(await Promise.all(waiting), results);
    assert.deepEqual(await client.call('note', 19), {result: 19});
    assert.deepEqual(ran, [...numbers, 19]);
  });

  it('answers 401 to waiting calls when authentication fails', async () => {
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.auth(() => gate.opened.then(() => false));
      server.defineMethod('method', () => assert.fail('ran'));
    });
    given.server.io.once('connection', socket => {
      socket.onAny((_name, args) => {
        if (args === 2) gate.open();
      });
    });
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {});
    const answers = [1, 2].map(async number => client.call('method', number));
    assert.deepEqual(await Promise.all(answers), [UNAUTHENTICATED, UNAUTHENTICATED]);
    await client.next('unauthorized');
  });

  it('keeps the socket out of rooms and broadcasts, but not from its own events', async () => {
    const entered = new Gate();
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.auth(async (socket: Socket, credentials) => {
        await socket.join('early');
        socket.emit('own', 'in authentication');
        entered.open();
        await gate.opened;
        return authenticateByToken(socket, credentials);
      });
      server.onConnected((socket: Socket) => {
        assert.equal(socket.rooms.has('early'), true);
        socket.nsp.to('early').emit('room', 'open');
      });
    });
    const {io} = given.server;
    io.once('connection', socket => socket.emit('own', 'upon connecting'));
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    await entered.opened;
    io.emit('broadcast');
    io.to('early').emit('room', 'closed');
    assert.deepEqual(await io.fetchSockets(), []);
    gate.open();
    await client.next('authenticated');
    io.emit('marker');
    await client.next('marker');
    assert.deepEqual(client.received, [
      ['connect'],
      ['own', 'upon connecting'],
      ['own', 'in authentication'],
      ['room', 'open'],
      ['authenticated', true],
      ['marker'],
    ]);
  });

  it('does not concern `onAny`, which sees every packet', async () => {
    const seen: string[] = [];
    await using given = await givenServer(server =>
      server.defineMethod('ping', () => 'pong'),
    );
    given.server.io.once('connection', socket => socket.onAny(name => seen.push(name)));
    await using client = givenClient(given.server.url, options);
    await client.call('early');
    await client.authenticate();
    await client.call('ping');
    assert.deepEqual(seen, ['early', 'authentication', 'ping']);
  });

  it('ends for one client alone', async () => {
    await using given = await givenServer(server =>
      server.defineMethod('ping', () => 'pong'),
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    await using other = givenClient(given.server.url, options);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.deepEqual(await other.call('ping'), UNAUTHENTICATED);
  });
});
