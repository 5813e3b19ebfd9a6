const SOCKETS = 50;
const EVENTS = 20;

/** CPU time of an event, when 20 are emitted to one socket in one tick. */
export const burst = {
  name: 'burst',
  methods: [1],
  turns: 6,
  async begin(session, {bursts}) {
    await session.connect(SOCKETS);
    await emit(session, bursts * 2);
  },
  async turn(session, {bursts}) {
    const {server} = await session.measured('burst', () => emit(session, bursts));
    return {burst: server.cpu / (bursts * EVENTS)};
  },
  end: session => session.close(),
};

function emit(session, bursts) {
  return session.emit('burst', {bursts, events: EVENTS}, bursts * EVENTS);
}
