const SOCKETS = 50;
const RATE = 4000;

/** From sending a call to its answer, in microseconds, at a rate that most servers can serve. */
export const latency = {
  name: 'latency',
  methods: [1],
  turns: 4,
  async begin(session, {warmUp}) {
    await session.connect(SOCKETS);
    await session.call({inFlight: 4, count: warmUp / 4});
  },
  async turn(session, {window}) {
    const {p50, p99} = await session.load.ask('pace', {rate: RATE, ms: window * 2});
    return {'latency-p50': p50, 'latency-p99': p99};
  },
  end: session => session.close(),
};
