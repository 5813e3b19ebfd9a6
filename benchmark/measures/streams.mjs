/** CPU time of an item of a stream, in the server, in the client, and in both. */
export const streams = {
  name: 'streams',
  kind: 'stream',
  methods: [1],
  turns: 8,
  async begin(session, {items}) {
    await session.connect(1);
    for (let i = 0; i < 3; i++) await session.load.ask('read', {count: items});
  },
  async turn(session, {items}) {
    const {server, cpu} = await session.profiled(session.load, 'reading', () =>
      session.measured('stream', () => session.load.ask('read', {count: items})),
    );
    return {
      stream: (server.cpu + cpu) / items,
      'stream-server': server.cpu / items,
      'stream-client': cpu / items,
    };
  },
};
