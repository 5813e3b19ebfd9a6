const IN_FLIGHT = [20, 1];

/** CPU time of a call in the process of a client with one socket, with so many calls in flight. */
export const client = {
  name: 'client',
  methods: [1],
  turns: 8,
  kind: 'client',
  async begin(session, {warmUp}) {
    await session.connect(1);
    for (const inFlight of IN_FLIGHT) await session.call({inFlight, count: warmUp});
  },
  async turn(session, {window}) {
    const values = {};
    for (const inFlight of IN_FLIGHT) {
      const name = `client-${inFlight}`;
      const {cpu, calls} = await session.profiled(session.load, name, () =>
        session.call({inFlight, ms: window}),
      );
      values[name] = cpu / calls;
    }
    return values;
  },
};
