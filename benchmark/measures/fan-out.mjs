const SOCKETS = 1000;
const PAUSE = 20;

/** CPU time of a message, when one event goes to 1,000 sockets. */
export const fanOut = {
  name: 'fan-out',
  methods: [1],
  async measure(session, {broadcasts}) {
    await session.connect(SOCKETS);
    const broadcast = times =>
      session.emit('broadcast', {times, pause: PAUSE}, times * SOCKETS);
    await broadcast(Math.ceil(broadcasts / 2));
    const {server} = await session.measured('fan-out', () => broadcast(broadcasts));
    await session.close();
    return {'fan-out': server.cpu / (broadcasts * SOCKETS)};
  },
};
