import {find, findUser, MESSAGE} from '../job.cjs';

// The wire of each kind of server. `slot` numbers the calls in flight on one connection.

export const callArgs = slot => ({skip: slot, limit: 10, filter: {name: `name-${slot}`}});
export const credentialsOf = number => ({token: `token-${number}`});
export const answerOf = (slot, number) =>
  find(callArgs(slot), findUser(credentialsOf(number)));
const json = JSON.stringify;

const socketIo4 = {
  path: '/socket.io/?EIO=4&transport=websocket',
  ping: '2',
  pong: '3',
  async logIn(connection, number) {
    await connection.next('0');
    connection.send('40');
    await connection.next('40');
    connection.send(`42["authentication",${json(credentialsOf(number))}]`);
    await connection.next('42["authenticated",true]');
  },
  call: slot => `42${slot}["find",${json(callArgs(slot))}]`,
  /** Where the slot's digits start in an answer, and what comes before. */
  slotAt: 2,
  answerPrefix: '43',
  answer: (slot, number) => `43${slot}[${json({result: answerOf(slot, number)})}]`,
  event: `42["news",${json(MESSAGE)}]`,
};

const socketIo2 = {
  ...socketIo4,
  path: '/socket.io/?EIO=3&transport=websocket',
  // The client pings, before the server takes it for gone.
  ownPing: '2',
  ping: '3',
  pong: undefined,
  async logIn(connection, number) {
    await connection.next('40');
    connection.send(`42["authentication",${json(credentialsOf(number))}]`);
    await connection.next('42["authenticated"');
  },
};

const feathers = {
  ...socketIo4,
  async logIn(connection, number) {
    await connection.next('0');
    connection.send('40');
    await connection.next('40');
    connection.send(`420["create","sessions",${json(credentialsOf(number))}]`);
    await connection.next('430[null');
  },
  call: slot => `42${slot}["find","find",${json(callArgs(slot))}]`,
  answer: (slot, number) => `43${slot}[null,${json(answerOf(slot, number))}]`,
  event: `42["find news",${json(MESSAGE)}]`,
};

const ws = {
  path: '/',
  async logIn(connection, number) {
    connection.send(json({credentials: credentialsOf(number)}));
    await connection.next('{"authenticated":true}');
  },
  call: slot => json({id: slot, name: 'find', args: callArgs(slot)}),
  slotAt: '{"id":'.length,
  answerPrefix: '{"id":',
  answer: (slot, number) => json({id: slot, result: answerOf(slot, number)}),
  event: json({news: MESSAGE}),
};

export const wires = {socketIo4, socketIo2, feathers, ws};
