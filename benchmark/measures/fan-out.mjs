const SOCKETS = 1000;
const PAUSE = 20;

/** CPU time of a message, when one event goes to 1,000 sockets. */
export const fanOut = {
  name: 'fan-out',
  methods: [1],
  turns: 3,
  async begin(session, {broadcasts}) {
    await session.connect(SOCKETS);
    await broadcast(session, broadcasts);
  },
  async turn(session, {broadcasts}) {
    const {server} = await session.measured('fan-out', () =>
      broadcast(session, broadcasts),
    );
    return {'fan-out': server.cpu / (broadcasts * SOCKETS)};
  },
  end: session => session.close(),
};

function broadcast(session, times) {
  return session.emit('broadcast', {times, pause: PAUSE}, times * SOCKETS);
}
