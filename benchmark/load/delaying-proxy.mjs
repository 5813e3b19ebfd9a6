import {once} from 'node:events';
import {connect, createServer} from 'node:net';

/** Starts a TCP proxy that delays each byte by `delay` ms in each direction; returns its port. */
export async function delayingProxy(port, delay) {
  const proxy = createServer({noDelay: true}, client => {
    const server = connect({port, host: '127.0.0.1', noDelay: true});
    delayed(client, server, delay);
    delayed(server, client, delay);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy.address().port;
}

function delayed(from, to, delay) {
  from.on('data', chunk => setTimeout(() => to.write(chunk), delay));
  from.once('close', () => to.destroy());
  from.on('error', () => {});
}
