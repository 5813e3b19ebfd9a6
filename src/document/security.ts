import {applyToken} from '../context/express-request';
import type {Endpoint} from '../server/endpoint';

/** Returns how clients of a server authenticate; `undefined` for a server that accepts everybody. */
export function securitySchemeOf({
  applyCredentials,
  options,
  strategy,
}: Endpoint): object | undefined {
  if (options.anonymous) return undefined;
  const {credentials} = options;
  const place =
    credentials === 'event'
      ? 'as the payload of the event `authentication`'
      : credentials === 'handshake'
        ? "in socket.io's `handshake.auth`"
        : "as the payload of the event `authentication`, or in socket.io's `handshake.auth`";
  // An `applyCredentials` of the application reads credentials of its own.
  return strategy && applyCredentials === applyToken
    ? {type: 'http', scheme: 'bearer', description: `The token, ${place}: {token}.`}
    : {type: 'apiKey', in: 'user', description: `Credentials of any shape, ${place}.`};
}
