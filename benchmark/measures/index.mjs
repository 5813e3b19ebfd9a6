import {burst} from './burst.mjs';
import {callsOf} from './calls.mjs';
import {fanOut} from './fan-out.mjs';
import {latency} from './latency.mjs';
import {sockets} from './sockets.mjs';
import {start} from './start.mjs';

/**
 * In the order in which a server process goes through them. Each has a `turn`, which returns values by
 * name, and may have `turns`, their number, `begin`, which connects and warms up, and `end`.
 */
export const measuresOf = inFlight => [
  start,
  sockets,
  fanOut,
  burst,
  ...inFlight.map(callsOf),
  latency,
];
