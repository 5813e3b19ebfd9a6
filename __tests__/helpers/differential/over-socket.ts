import {givenApp} from '../app';
import type {GivenApp} from '../app';
import {givenAuthenticated} from '../client';
import type {TestClient} from '../client';
import {viaLoopBack} from './callers';
import type {CallInput, WorldCaller} from './callers';
import type {Combination} from './combinations';
import {firstFault, run} from './compare';
import type {Fault} from './compare';
import {World} from './world';

const CREDENTIALS = {credentials: 1};
const USER = {user: 1};

/** The values that one socket has for all of its calls. */
const ofSocket = (input: CallInput): CallInput => ({
  ...input,
  credentials: CREDENTIALS,
  user: USER,
});

/** True when a client can see all of it: answers are text, and the context of its connection belongs to the server. */
export function isSeenByClients({
  change,
  input,
  interceptors,
  reading,
  user,
}: Combination) {
  return (
    !change.endsWith('the connection') &&
    input === 'objects' &&
    user === 'object' &&
    reading !== 'after the call' &&
    !interceptors.some(({kind}) => kind === 'looks around in its context')
  );
}

/** As `compare`, with a server, a client, and a socket between them. */
export async function compareOverSocket(
  combination: Combination,
): Promise<Fault | undefined> {
  const loopback = await run(combination, World.bare(), (world, controller) => {
    const caller = viaLoopBack(world, controller);
    return {...caller, call: input => caller.call(ofSocket(input))};
  });
  await using given = await givenApp({start: false});
  const {app, server} = given;
  const world = new World(app, server.context);
  server.auth(socket => {
    world.name(socket, 'socket');
    world.name(socket.request, 'request');
    return USER;
  });
  let client: TestClient | undefined;
  try {
    const plan = await run(combination, world, async () => {
      await app.start();
      client = await givenAuthenticated(server.url, CREDENTIALS);
      return callerOf(client, given);
    });
    return firstFault(combination, plan, loopback);
  } finally {
    await client?.[Symbol.asyncDispose]();
  }
}

function callerOf(client: TestClient, {logged}: GivenApp): WorldCaller {
  return {
    get connection(): never {
      throw new Error('The context of a connection is the server’s.');
    },
    async call({args}) {
      const {result, error} = await client.call('event', args);
      if (error === undefined) return result as unknown;
      if (typeof error === 'string') throw error;
      const [cause] = logged.shift()!;
      throw cause;
    },
  };
}
