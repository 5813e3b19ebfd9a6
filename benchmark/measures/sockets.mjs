const SOCKETS = 1000;

/** CPU time to connect and authenticate a socket, and the bytes of heap that it takes when idle. */
export const sockets = {
  name: 'sockets',
  methods: [1, 20, 200],
  async begin(session) {
    await session.connect(SOCKETS);
    await session.close();
  },
  async turn(session, {methods}) {
    const before = await session.server.ask('heap');
    const {server} = await session.measured(`connect-${methods}`, () =>
      session.connect(SOCKETS),
    );
    const after = await session.server.ask('heap');
    await session.close();
    return {
      [`connect-${methods}`]: server.cpu / SOCKETS,
      [`heap-${methods}`]: (after - before) / SOCKETS,
    };
  },
};
