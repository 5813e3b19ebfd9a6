/** Stay connected: with its last socket a server would forget what it has been compiled for. */
const KEPT = 100;
const WARM_UP = 1000;
const SOCKETS = 500;

/** CPU time to connect and authenticate a socket. */
export const connect = {
  name: 'connect',
  methods: [1, 200],
  turns: 10,
  async begin(session) {
    await session.connect(KEPT + WARM_UP);
    await session.close({keep: KEPT});
  },
  async turn(session, {methods}) {
    const {server} = await session.measured(`connect-${methods}`, () =>
      session.connect(SOCKETS),
    );
    await session.close({keep: KEPT});
    return {[`connect-${methods}`]: server.cpu / SOCKETS};
  },
  end: session => session.close(),
};
