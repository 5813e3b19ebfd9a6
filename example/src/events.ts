import {model, property} from '@loopback/repository';
import type {DefaultEventsMap, Socket} from 'socket.io';
import type {SocketServer} from 'loopback4-socket';
import type {Role} from './models';

/** A text, and the name of its sender. */
@model()
export class Message {
  @property({type: 'string', required: true})
  text: string;

  @property({type: 'string', required: true})
  from: string;
}

/** The user of a socket. */
@model()
export class Member {
  @property({type: 'string', required: true})
  name: string;

  @property({type: 'string', required: true, jsonSchema: {enum: ['admin', 'member']}})
  role: Role;
}

/** A question that is answered by yes or no. */
@model()
export class Question {
  @property({type: 'string', required: true})
  question: string;
}

/** The events that the default server emits. */
export interface MemberEvents {
  welcome: (user: Member) => void;
  announcement: (announcement: Message) => void;
  message: (message: Message) => void;
}

/** A socket of the default server. */
export type MemberSocket = Socket<DefaultEventsMap, MemberEvents>;

/** The default server. */
export type MemberServer = SocketServer<DefaultEventsMap, MemberEvents>;

/** The questions of the server `admin` to its clients, as functions that return the answer. */
export interface AdminEvents {
  confirm: (args: Question) => boolean;
}

/** The server `admin`. */
export type AdminServer = SocketServer<DefaultEventsMap, AdminEvents>;
