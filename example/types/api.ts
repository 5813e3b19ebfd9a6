/* eslint-disable */
// Written by "loopback4-socket-client types". Do not change this file: run the command again.

/**
 * The methods of the default server.
 */
export interface Api {
  /**
   * Returns the user.
   */
  getProfile(): UserExcludingPasswordHash;
  /**
   * Returns a page of the catalog.
   */
  getRecords(args?: GetRecordsArgs): CatalogRecord[];
  /**
   * Reads a file chunk by chunk, and keeps nothing of it.
   */
  photo(): PhotoReceipt;
  /**
   * Streams the current positions, and then each move, until the client leaves.
   */
  positions(): AsyncIterable<Position>;
  /**
   * Sends a message to all sockets of a user.
   */
  sendMessage(args: SendMessageArgs): Message;
}

/**
 * The events of the default server.
 */
export interface Events {
  /**
   * An admin tells everybody.
   */
  announcement: (payload: Message) => void;
  /**
   * Another user has written.
   */
  message: (payload: Message) => void;
  /**
   * The socket is authenticated.
   */
  welcome: (payload: Member) => void;
}

/**
 * The methods of the server admin.
 */
export interface AdminApi {
  /**
   * Sends a text to all sockets of the default server.
   */
  announce(args: AdminAnnounceArgs): Message;
  /**
   * Deletes a record, when the admin confirms it.
   *
   * It asks on each open page of the admin. The first answer counts.
   */
  deleteRecord(args: AdminDeleteRecordArgs): Deletion;
  /**
   * Counts sockets and records.
   */
  getStatistics(): Statistics;
}

/**
 * The events of the server admin.
 */
export interface AdminEvents {
  /**
   * Asks the admin a question.
   */
  confirm: (args: Question) => boolean;
}

export interface AdminAnnounceArgs {
  body: Text;
}

export interface AdminDeleteRecordArgs {
  id: number;
}

export interface CatalogRecord {
  id?: number;
  name: string;
  type: string;
}

export interface Deletion {
  /**
   * False when the admin has answered no.
   */
  deleted: boolean;
}

export interface GetRecordsArgs {
  skip?: number;
  limit?: number;
}

export interface Member {
  name: string;
  role: 'admin' | 'member';
}

export interface Message {
  text: string;
  from: string;
}

export interface PhotoReceipt {
  /**
   * In bytes.
   */
  size: number;
  /**
   * In hexadecimal digits.
   */
  sha256: string;
}

export interface Position {
  ship: string;
  x: number;
  y: number;
}

export interface Question {
  question: string;
}

export interface SendMessageArgs {
  id: number;
  body: Text;
}

export interface Statistics {
  /**
   * Authenticated sockets of the default server.
   */
  sockets: number;
  records: number;
}

export interface Text {
  text: string;
}

export interface UserExcludingPasswordHash {
  id?: number;
  name: string;
  email: string;
  role: string;
}
