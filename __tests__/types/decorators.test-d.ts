/** Code that must compile, and code that must not. The compiler checks it when the tests are built. */
import {inject} from '@loopback/core';
import type {Getter} from '@loopback/core';
import {
  onSocketConnected,
  onSocketDisconnected,
  socketAuth,
  SocketBindings,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {
  Reply,
  SocketCallback,
  SocketComponentOptions,
  SocketServerOptions,
} from 'loopback4-socket';
import type {Application} from '@loopback/core';
import type {Server as IoServer, Socket} from 'socket.io';

interface Credentials {
  token: string;
}

@socketController({server: 'admin'})
export class Accepted {
  @socketAuth()
  user(socket: Socket, credentials: Credentials) {
    return {id: credentials.token};
  }

  @socketAuth({server: 'promise'})
  async userPromise(socket: Socket, credentials: Credentials) {
    return credentials.token === 'ok';
  }

  @socketAuth({server: 'maybe'})
  maybeUser(socket: Socket, credentials: Credentials): {id: string} | undefined {
    return credentials.token ? {id: credentials.token} : undefined;
  }

  @socketAuth({server: 'callback'})
  withCallback(socket: Socket, credentials: Credentials, callback: SocketCallback): void {
    callback(null, credentials.token);
  }

  @socketAuth({server: 'node-callback'})
  withNodeCallback(
    socket: Socket,
    credentials: Credentials,
    callback: (error: Error | null, user?: object) => void,
  ) {
    callback(null, {});
  }

  @socketAuth({server: 'any'})
  anything(socket: Socket, credentials: any): any {
    return credentials;
  }

  @socketAuth({server: 'any promise'})
  async anythingLater(socket: Socket, credentials: any): Promise<any> {
    return credentials;
  }

  @socketAuth({server: 'throws'})
  never(): never {
    throw new Error('closed');
  }

  @socketAuth({server: 'injected'})
  injected(
    @inject(SocketBindings.SERVER) server: SocketServer,
    socket: Socket,
    @inject.getter('users') users: Getter<string[]>,
    credentials: Credentials,
  ) {
    return server.name !== '' && users().then(names => names.includes(credentials.token));
  }

  @onSocketConnected()
  connected(socket: Socket): void {
    socket.emit('welcome');
  }

  @onSocketDisconnected({server: 'admin'})
  async disconnected(socket: Socket, reason: string): Promise<void> {
    await Promise.resolve(reason);
  }

  @socketMethod()
  @socketMethod('alias')
  @socketMethod('items', {item: {type: 'number'}})
  @socketMethod('other', {server: 'other', summary: 'One line.', deprecated: true})
  @socketMethod({name: 'another', description: 'More.'})
  method(socket: Socket, credentials: Credentials, args: {value: number}) {
    return args.value;
  }
}

export class Refused {
  // @ts-expect-error an authentication that answers nothing would refuse everybody
  @socketAuth()
  nothing(socket: Socket, credentials: Credentials): void {
    void credentials;
  }

  // @ts-expect-error the same for a promise of nothing
  @socketAuth()
  async nothingLater(socket: Socket, credentials: Credentials) {
    await Promise.resolve(credentials);
  }

  // @ts-expect-error an injected getter is no callback
  @socketAuth()
  async getter(socket: Socket, @inject.getter('users') users: Getter<string>) {
    await users();
  }

  // @ts-expect-error an unknown option
  @socketMethod({nam: 'typo'})
  typo() {
    return 1;
  }

  // @ts-expect-error properties are no handlers
  @socketMethod()
  property = 1;
}

export function byHand(app: Application, io: IoServer): void {
  const options: SocketServerOptions = {timeout: false, namespace: /^\/tenant-/};
  const server = SocketServer.get(app, 'admin', options);
  server.auth((socket, credentials) => socket.id + String(credentials.token));
  server.auth((socket: Socket, credentials: Credentials) => credentials.token);
  server.auth((socket, credentials, callback) => {
    callback(null, credentials);
  });
  server.auth({model: Accepted, method: 'user'});
  server.onDisconnected((socket, reason) => reason.length + socket.id.length);
  server.defineMethod(
    'twice',
    (socket, credentials, args: {value: number}) => args.value * 2,
  );
  const started: void = server.start(io);
  const starting: Promise<void> = server.start();
  const url: string | undefined = server.url;
  void [started, starting, url];

  // @ts-expect-error the timeout is a number of ms or false
  SocketServer.get(app, 'admin', {timeout: true});
  // @ts-expect-error a reference needs a method
  server.auth({model: Accepted});
}

export function configurations(app: Application): void {
  app.configure<SocketServerOptions>(SocketBindings.server('admin')).to({timeout: 1});
  app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to({drainTimeout: 1});
  // @ts-expect-error an unknown option of a server
  app.configure<SocketServerOptions>(SocketBindings.server()).to({timeOut: 1});
  // @ts-expect-error an unknown option of the component
  app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to({drainTimeOut: 1});
}

export function replies(reply: Reply<number>): number {
  if (reply.error !== undefined) throw new Error('refused', {cause: reply.error});
  return reply.result ?? 0;
}

interface ClientEvents {
  say: (text: string) => void;
}

interface ServerEvents {
  said: (text: string, count: number) => void;
  confirm: (question: string, ack: (answer: boolean) => void) => void;
}

export async function events(app: Application): Promise<void> {
  const server = SocketServer.get<ClientEvents, ServerEvents>(app);
  server.emit('said', 'Hello', 1);
  server.to('room').emit('said', 'Hello', 1);
  server.to(['room', 'other']).except('third').volatile.emit('said', 'Hello', 1);
  server.toUser('ana').emit('said', 'Hello', 1);
  server.io.emit('said', 'Hello', 1);
  server.io.on('connection', socket => socket.on('say', text => text.length));
  for (const socket of await server.fetchUserSockets('ana')) socket.emit('said', 'x', 1);
  server.disconnectUser('ana');

  // @ts-expect-error an unknown event
  server.emit('sayd', 'Hello', 1);
  // @ts-expect-error a missing argument
  server.emit('said', 'Hello');
  // @ts-expect-error an argument of another type
  server.toUser('ana').emit('said', 'Hello', 'once');
  // @ts-expect-error what clients emit, the server does not
  server.io.emit('say', 'Hello');

  const any = SocketServer.get(app);
  any.emit('anything', 1, 'two');
  any.toUser('ana').emit('anything');
}

export async function answersOfClients(app: Application): Promise<void> {
  const server = SocketServer.get<ClientEvents, ServerEvents>(app);
  const many = [server.to('room'), server.except('room'), server.toUser('ana')];
  for (const broadcast of many) {
    const waiting = broadcast.timeout(100);
    const answers: boolean[] = await waiting.emitWithAck('confirm', 'Now?');
    waiting.emit('confirm', 'Now?', (_error, all: boolean[]) => all.length);
    broadcast.emit('confirm', 'Now?', (all: boolean[]) => all.length);
    // @ts-expect-error several sockets answer
    const answer: boolean = await waiting.emitWithAck('confirm', 'Now?');
    void [answers, answer];
  }
  for (const socket of await server.fetchUserSockets('ana')) {
    // One socket gives one answer.
    socket.timeout(100).emit('confirm', 'Now?', (_error, answer: boolean) => answer);
    // @ts-expect-error which is no array
    socket.timeout(100).emit('confirm', 'Now?', (_error, answer: boolean[]) => answer);
  }
  const any = SocketServer.get(app);
  const answers: number[] = await any.toUser('ana').emitWithAck('anything', 1);
  void answers;
}

export function eventsInHandlers(app: Application): void {
  const server = SocketServer.get<ClientEvents, ServerEvents>(app);
  const say = (socket: Socket<ClientEvents, ServerEvents>) => {
    socket.on('say', text => text.length);
    return socket.emit('said', 'Hello', 1);
  };
  server.auth(say);
  server.auth(socket => socket.emit('said', 'Hello', 1));
  server.onConnected(socket => say(socket));
  server.onDisconnected((socket, reason) => socket.emit('said', reason, 1));
  server.defineMethod('ask', async socket => {
    const answer: boolean = await socket.emitWithAck('confirm', 'Now?');
    return answer;
  });
  // Handlers that know nothing of the events fit as well.
  server.auth((socket: Socket, credentials: Credentials) => [socket, credentials]);
  server.onConnected((socket: Socket) => socket.join('room'));
  server.onDisconnected((socket: Socket) => socket.id);
  server.defineMethod('plain', (socket: Socket) => socket.id);
  const untyped: SocketServer = server;
  void untyped;

  // @ts-expect-error an unknown event
  server.auth(socket => socket.emit('sayd', 'Hello', 1));
  // @ts-expect-error an argument of another type
  server.onConnected(socket => socket.emit('said', 1, 1));
  // @ts-expect-error a missing argument
  server.onDisconnected(socket => socket.emit('said', 'Hello'));
  // @ts-expect-error what clients emit, the server does not
  server.defineMethod('ping', socket => socket.emit('say', 'Hello'));
  server.defineMethod('listen', socket =>
    // @ts-expect-error what the server emits, clients do not
    socket.on('said', () => undefined),
  );
}
