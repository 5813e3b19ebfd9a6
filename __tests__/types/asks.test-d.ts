import type {Application} from '@loopback/core';
import {SocketServer} from 'loopback4-socket';
import type {ListenEvents, Reply, RoomAnswer, AskError, Socket} from 'loopback4-socket';
import type {Socket as ClientSocket} from 'socket.io-client';

interface ClientEvents {
  say: (text: string) => void;
}

interface ServerEvents {
  said: (text: string) => void;
  confirm: (args: {question: string}) => boolean;
  position: () => Promise<{x: number}>;
  pick: (args?: {among: string[]}) => string | undefined;
  age: (args: {name: string}, ack: (reply: Reply<number>) => void) => void;
  plain: (args: string, ack: (answer: boolean) => void) => void;
  two: (one: string, two: string) => boolean;
}

export async function asks(app: Application, socket: Socket): Promise<void> {
  const server = SocketServer.get<ClientEvents, ServerEvents>(app);
  const question = {question: 'Now?'};
  const sure: boolean = await server.ask(socket, 'confirm', question);
  const first: boolean = await server.askUser('ana', 'confirm', question, {timeout: 1});
  const {x}: {x: number} = await server.askUser(1, 'position');
  await server.askUser(1, 'position', undefined, {signal: AbortSignal.abort()});
  const picked: string | undefined = await server.ask(socket, 'pick');
  const age: number = await server.ask(socket, 'age', {name: 'Ana'});
  for (const one of await server.fetchUserSockets('ana'))
    await server.ask(one, 'position', undefined, {schema: {type: 'object'}});
  const id: string = server.io.sockets.get('')?.id ?? '';
  void [sure, first, x, picked, age, id];

  // @ts-expect-error an unknown event
  await server.ask(socket, 'confirmed', question);
  // @ts-expect-error an event that asks for nothing
  await server.ask(socket, 'said', 'Hello');
  // @ts-expect-error an ack that takes no Reply
  await server.ask(socket, 'plain', 'Hello');
  // @ts-expect-error an ask has one argument
  await server.ask(socket, 'two', 'one', 'two');
  // @ts-expect-error the args are missing
  await server.ask(socket, 'confirm');
  // @ts-expect-error args of another type
  await server.askUser('ana', 'confirm', {question: 1});
  // @ts-expect-error a result of another type
  const text: string = await server.ask(socket, 'confirm', question);
  // @ts-expect-error an unknown option
  await server.ask(socket, 'confirm', question, {timeOut: 1});
  // @ts-expect-error an id is no socket
  await server.ask('id', 'confirm', question);
  void text;
}

export async function rooms(app: Application): Promise<void> {
  const server = SocketServer.get<ClientEvents, ServerEvents>(app);
  for await (const answer of server.askRoom(['pilots'], 'position')) {
    const kept: RoomAnswer<{x: number}, Socket<ClientEvents, ServerEvents>> = answer;
    const {socket, result, error} = answer;
    if (error) {
      const {statusCode, code, details, value}: AskError = error;
      void [statusCode, code, details, value];
      // @ts-expect-error there is no result beside an error
      void result.x;
    } else {
      const x: number = result.x;
      void x;
    }
    socket?.emit('said', 'Thanks');
    // @ts-expect-error a socket of another node is not there
    socket.emit('said', 'Thanks');
    void kept;
  }
}

export async function untyped(app: Application, socket: Socket): Promise<void> {
  const server = SocketServer.get(app);
  const sure: boolean = await server.ask(socket, 'anything', {any: 'args'});
  for await (const {result} of server.askRoom('all', 'anything')) void (result as string);
  void sure;
}

/** The listeners of a client are typed by the same events. */
export function listens(client: ClientSocket<ListenEvents<ServerEvents>>): void {
  client.on('confirm', ({question}, ack) => ack({result: question === 'Now?'}));
  client.on('position', ack => ack({result: {x: 1}}));
}
