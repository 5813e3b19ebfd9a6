const SOCKETS = 50;
const EVENTS = 20;

/** CPU time of an event, when 20 are emitted to one socket in one tick. */
export const burst = {
  name: 'burst',
  methods: [1],
  async measure(session, {bursts}) {
    await session.connect(SOCKETS);
    const emit = count =>
      session.emit('burst', {bursts: count, events: EVENTS}, count * EVENTS);
    await emit(Math.ceil(bursts / 2));
    const {server} = await session.measured('burst', () => emit(bursts));
    await session.close();
    return {burst: server.cpu / (bursts * EVENTS)};
  },
};
