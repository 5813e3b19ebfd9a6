import {Session} from '../harness/session.mjs';
import {spread} from '../report/summary.mjs';

const SOCKETS = 10;
const WINDOWS = 3;

// Room for all that one window allocates, so that nothing is collected meanwhile.
const nodeFlags = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

/**
 * Writes and allocated bytes of a call on the server. Calls leave together and wait for each other,
 * so that the server does the same each time.
 */
export async function count(subject, {inFlight = 20, calls = 4000, warmUp = 8000} = {}) {
  const session = await Session.start(subject, {methods: 1, nodeFlags});
  try {
    await session.server.ask('startCounting');
    await session.connect(SOCKETS);
    await session.call({inFlight, count: warmUp, together: true});
    const windows = [];
    for (let i = 0; i < WINDOWS; i++) {
      windows.push(await countWindow(session, inFlight, calls));
    }
    const alone = await countWindow(session, 1, 500);
    const bytes = spread(windows.map(window => window.bytes));
    return {
      writes: spread(windows.map(window => window.writes)).median,
      writesAlone: alone.writes,
      bytes: bytes.median,
      spread: bytes,
    };
  } finally {
    await session.end();
  }
}

async function countWindow(session, inFlight, count) {
  await session.server.ask('collect');
  const before = await session.server.ask('counts');
  const {calls} = await session.call({inFlight, count, together: true});
  const after = await session.server.ask('counts');
  if (after.collections > before.collections) throw new Error('Something was collected.');
  return {
    writes: (after.writes - before.writes) / calls,
    bytes: (after.heap - before.heap) / calls,
  };
}
