'use strict';

const {createServer} = require('node:http');
const {createRequire} = require('node:module');
const LoopbackSocket = require('loopback-socket');
const {find, findUser, methodNames} = require('../../job.cjs');
const {listen, socketIoServer} = require('../../servers/socket-io.cjs');

/** On the socket.io 2 that it depends on, or on the 4 that loopback4-socket does. */
exports.start = async ({methods, socketIo}) => {
  const http = createServer();
  const io =
    socketIo === 4
      ? new (createRequire(require.resolve('loopback4-socket'))('socket.io').Server)(http)
      : require('socket.io')(http);
  const server = LoopbackSocket.get('benchmark');
  server.auth(async (socket, credentials) => {
    socket.user = findUser(credentials);
    if (!socket.user) throw new Error('Unknown token');
  });
  for (const name of methodNames(methods)) {
    server.defineMethod(name, async (socket, _credentials, args) =>
      find(args, socket.user),
    );
  }
  server.start(io);
  return socketIoServer(io.of('/'), await listen(http));
};
