/** Of the network, in one direction, in ms. */
const DELAY = 50;
const INTERVAL = 20;
const ITEMS = 50;

/** From when an item is made until it arrives, over a slow network, in ms. */
export const streamLatency = {
  name: 'stream-latency',
  kind: 'stream',
  methods: [1],
  turns: 8,
  async begin(session) {
    await session.load.ask('connectFar', {port: session.port, delay: DELAY});
    await session.load.ask('readFar', {count: ITEMS, interval: INTERVAL});
  },
  async turn(session) {
    const options = {count: ITEMS, interval: INTERVAL};
    const times = await session.load.ask('readFar', options);
    return {
      'stream-p50': times[times.length * 0.5] / 1000,
      'stream-p95': times[Math.floor(times.length * 0.95)] / 1000,
    };
  },
};
