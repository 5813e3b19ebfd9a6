'use strict';

const {once} = require('node:events');

/** The functions of every socket.io server for the harness, for the given namespace. */
function socketIoServer(namespace, port) {
  return {
    port,
    broadcast: message => namespace.emit('news', message),
    senders: () =>
      socketsOf(namespace).map(socket => message => socket.emit('news', message)),
  };
}

/** A `Map`; an object in socket.io 2. */
function socketsOf({sockets}) {
  return sockets instanceof Map ? [...sockets.values()] : Object.values(sockets);
}

/** Starts an HTTP server; answers with its port. */
async function listen(http) {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return http.address().port;
}

module.exports = {listen, socketIoServer};
