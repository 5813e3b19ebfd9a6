const SOCKETS = 50;

/** CPU time of a call, with several numbers of calls in flight on each of 50 sockets. */
export const calls = {
  name: 'calls',
  methods: [1],
  async measure(session, {inFlight, warmUp, window}) {
    await session.connect(SOCKETS);
    const values = {};
    for (const [index, count] of inFlight.entries()) {
      // What is compiled and optimized by then stays so for the next numbers.
      await session.call({inFlight: count, count: index === 0 ? warmUp : warmUp / 4});
      const result = await session.measured(`cpu-${count}`, () =>
        session.call({inFlight: count, ms: window}),
      );
      values[`cpu-${count}`] = result.server.cpu / result.calls;
      values[`rate-${count}`] = (result.calls / result.time) * 1e6;
      values[`server-load-${count}`] = (result.server.cpu / result.server.time) * 100;
      values[`client-load-${count}`] = (result.cpu / result.time) * 100;
    }
    await session.close();
    return values;
  },
};
