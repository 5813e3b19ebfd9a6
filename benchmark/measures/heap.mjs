const SOCKETS = 1000;

/** Bytes of heap that an idle authenticated socket takes. */
export const heap = {
  name: 'heap',
  methods: [1, 20, 200],
  async begin(session) {
    // Code that is compiled meanwhile is on the heap too.
    for (let time = 0; time < 2; time++) {
      await session.connect(SOCKETS);
      await session.close();
    }
  },
  async turn(session, {methods}) {
    const before = await session.server.ask('heap');
    await session.connect(SOCKETS);
    const after = await session.server.ask('heap');
    await session.close();
    return {[`heap-${methods}`]: (after - before) / SOCKETS};
  },
};
