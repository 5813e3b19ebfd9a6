'use strict';

const {once} = require('node:events');
const {feathers} = require('@feathersjs/feathers');
const socketio = require('@feathersjs/socketio');
const {find, findUser, methodNames} = require('../../job.cjs');
const {socketIoServer} = require('../../servers/socket-io.cjs');

/** Services instead of methods: each has a `find`. */
exports.start = async ({methods}) => {
  const app = feathers();
  app.configure(socketio({}));
  app.use('sessions', {
    async create(credentials, {connection}) {
      const user = findUser(credentials);
      if (!user) throw new Error('Unknown token');
      // The properties of the connection are in the params of every call.
      connection.user = user;
      app.channel('authenticated').join(connection);
      return {authenticated: true};
    },
  });
  for (const name of methodNames(methods)) {
    const service = {find: async ({query, user}) => find(query, user)};
    app.use(name, service, {events: ['news']});
  }
  app.service('find').publish('news', () => app.channel('authenticated'));
  const http = await app.listen(0, '127.0.0.1');
  if (!http.listening) await once(http, 'listening');
  return {
    ...socketIoServer(app.io.of('/'), http.address().port),
    broadcast: message => app.service('find').emit('news', message),
    senders: () =>
      Array.from(app.io.of('/').sockets.values(), socket => message => {
        socket.emit('find news', message);
      }),
  };
};
