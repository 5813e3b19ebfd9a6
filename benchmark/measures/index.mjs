import {burst} from './burst.mjs';
import {calls} from './calls.mjs';
import {fanOut} from './fan-out.mjs';
import {latency} from './latency.mjs';
import {sockets} from './sockets.mjs';
import {start} from './start.mjs';

/** In the order in which a server process goes through them. */
export const measures = [start, sockets, fanOut, burst, calls, latency];
