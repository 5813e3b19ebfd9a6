import {burst} from './burst.mjs';
import {callsOf} from './calls.mjs';
import {client} from './client.mjs';
import {connect} from './connect.mjs';
import {fanOut} from './fan-out.mjs';
import {heap} from './heap.mjs';
import {latency} from './latency.mjs';
import {start} from './start.mjs';
import {streamLatency} from './stream-latency.mjs';
import {streams} from './streams.mjs';

/**
 * In the order in which a server process goes through them. Each has a `turn`, which returns values by
 * name, and may have `turns`, their number, `begin`, which connects and warms up, and `end`. One with a `kind`
 * measures the subjects of that kind, and no others.
 */
export const measuresOf = inFlight => [
  start,
  connect,
  heap,
  fanOut,
  burst,
  ...inFlight.map(callsOf),
  latency,
  client,
  streams,
  streamLatency,
];
