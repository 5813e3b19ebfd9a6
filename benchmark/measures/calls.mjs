const SOCKETS = 50;

/** CPU time of a call, with so many calls in flight on each of 50 sockets. */
export const callsOf = inFlight => ({
  name: 'calls',
  methods: [1],
  turns: 8,
  async begin(session, {warmUp}) {
    await session.connect(SOCKETS);
    await session.call({inFlight, count: warmUp});
  },
  async turn(session, {window}) {
    const result = await session.measured(`cpu-${inFlight}`, () =>
      session.call({inFlight, ms: window}),
    );
    return {
      [`cpu-${inFlight}`]: result.server.cpu / result.calls,
      [`rate-${inFlight}`]: (result.calls / result.time) * 1e6,
      [`server-load-${inFlight}`]: (result.server.cpu / result.server.time) * 100,
      [`client-load-${inFlight}`]: (result.cpu / result.time) * 100,
    };
  },
  end: session => session.close(),
});
