import {securityId} from '@loopback/security';
import type {SocketServerOptions} from 'loopback4-socket';
import type {AppOptions, GivenApp} from '../../../__tests__/helpers/app';
import {Gate} from '../../../__tests__/helpers/gate';
import {Queue} from '../../../__tests__/helpers/queue';
import {givenServer} from '../../../__tests__/helpers/server';

/** A client's credentials: the server believes what they claim. */
export interface Claim {
  id?: string;
  /** ms until the authentication ends. */
  for?: number;
  /** The status of the error that refuses it. */
  status?: number;
  /** True when the server never finishes the check. */
  unanswered?: boolean;
}

export interface Believing extends AsyncDisposable {
  readonly given: GivenApp;
  readonly claims: Claim[];
  /** A call of `slow` runs. */
  readonly called: Queue<unknown>;
  /** Opened, `slow` answers. */
  readonly gate: Gate;
}

/** A server for the tests of how connections end, in Node and in Chromium. */
export async function givenBelieving(
  options: SocketServerOptions = {},
  component: AppOptions['component'] = {},
  setup?: AppOptions['setup'],
): Promise<Believing> {
  const claims: Claim[] = [];
  const called = new Queue<unknown>();
  const gate = new Gate();
  const given = await givenServer(
    server => {
      server.auth((_socket, claim: Claim) => {
        claims.push(claim);
        const {status: statusCode, unanswered} = claim;
        if (unanswered) return new Promise(() => undefined);
        if (statusCode) throw Object.assign(new Error('Refused.'), {statusCode});
        return {
          [securityId]: claim.id,
          ...(claim.for !== undefined && {expiresAt: Date.now() + claim.for}),
        };
      });
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('slow', async (_socket, _credentials, args) => {
        called.push(args);
        await gate.opened;
        return 'done';
      });
    },
    {expiryNotice: 100, ...options},
    {component: {reconnectWindow: 20, ...component}, setup},
  );
  return {
    given,
    claims,
    called,
    gate,
    [Symbol.asyncDispose]: async () => {
      gate.open();
      await given[Symbol.asyncDispose]();
    },
  };
}
