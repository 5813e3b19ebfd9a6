import type {DefaultEventsMap, Socket} from 'socket.io';
import type {SocketServer} from 'loopback4-socket';

/** A text, and the name of its sender. */
export interface Message {
  text: string;
  from: string;
}

/** The events that the default server emits. */
export interface MemberEvents {
  welcome: (user: {name: string; role: string}) => void;
  announcement: (announcement: Message) => void;
  message: (message: Message) => void;
}

/** A socket of the default server. */
export type MemberSocket = Socket<DefaultEventsMap, MemberEvents>;

/** The default server. */
export type MemberServer = SocketServer<DefaultEventsMap, MemberEvents>;

/** What the server `admin` asks its clients, as functions that return the answer. */
export interface AdminEvents {
  confirm: (args: {question: string}) => boolean;
}

/** The server `admin`. */
export type AdminServer = SocketServer<DefaultEventsMap, AdminEvents>;
