// The process of a client that is measured: node client.mjs <name of the client>.
import {SocketClient} from 'loopback4-socket-client';
import {io} from 'socket.io-client';
import {serve} from '../harness/channel.mjs';
import {profiler} from '../harness/profiler.mjs';
import {measured} from '../harness/usage.mjs';
import {answerOf, callArgs, credentialsOf} from './wires.mjs';

const TIMEOUT = 5000;
const NUMBER = 0;
const transports = ['websocket'];
const credentials = credentialsOf(NUMBER);

/** Each connects and authenticates, and returns a function that makes a call as users write it. */
const clients = {
  async 'socket.io'(url) {
    const socket = io(url, {transports});
    await socket.emitWithAck('authentication', credentials);
    return async args => {
      const {error, result} = await socket.timeout(TIMEOUT).emitWithAck('find', args);
      if (error) throw new Error(error.message);
      return result;
    };
  },
  ours: url => connectOurs(url),
  'ours-timeout': url => connectOurs(url, {timeout: TIMEOUT}),
  'ours-id': url => connectOurs(url, {id: true}),
};

async function connectOurs(url, options) {
  const client = new SocketClient(url, {credentials, io: {transports}});
  await client.connect();
  return options
    ? args => client.call.find(args, options)
    : args => client.call.find(args);
}

let find;

serve({
  ready: () => true,
  async connect({port}) {
    find = await clients[process.argv[2]](`http://127.0.0.1:${port}`);
  },
  call: options => measured(() => call(options)),
  ...profiler,
});

/** Keeps `inFlight` calls in flight, for `ms` or until `count` are made, and waits for the last answer. */
async function call({inFlight, ms = Infinity, count = Infinity}) {
  const until = performance.now() + ms;
  let calls = 0;
  const callOneByOne = async slot => {
    const args = callArgs(slot);
    const expected = answerOf(slot, NUMBER);
    while (calls < count && performance.now() < until) {
      calls++;
      const {user, name, end} = await find(args);
      if (user !== expected.user || name !== expected.name || end !== expected.end)
        throw new Error(`A wrong answer: ${name}`);
    }
  };
  await Promise.all(Array.from({length: inFlight}, (_, slot) => callOneByOne(slot)));
  return {calls};
}
