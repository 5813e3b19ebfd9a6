/** Imported first, so that an application without the client's package gets a clear error. */
import {createRequire} from 'node:module';

const CLIENT = 'loopback4-socket-client';

try {
  createRequire(__filename).resolve(CLIENT);
} catch (cause) {
  const message =
    `loopback4-socket/testing needs the package ${CLIENT}, which is not installed. ` +
    `Run: npm install --save-dev ${CLIENT}`;
  throw new Error(message, {cause});
}
