// Holds `npm start` to its word: it prints an address, and that address answers.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

const child = spawn('npm', ['start'], {
  cwd: join(import.meta.dirname, '..'),
  env: {...process.env, PORT: '0', HOST: '127.0.0.1'},
  stdio: ['ignore', 'pipe', 'inherit'],
  // A group of its own, because npm does not pass signals on to the application.
  detached: true,
});
const exited = once(child, 'exit');
let url;
for await (const line of createInterface({input: child.stdout})) {
  url = /(http:\/\/\S+)/.exec(line)?.[1];
  if (url) break;
}
assert(url, 'npm start printed no address');
for (const path of ['/', '/client.browser.js', '/socket.io/socket.io.js']) {
  const response = await fetch(new URL(path, url));
  assert.equal(response.status, 200, path);
}
process.kill(-child.pid, 'SIGTERM');
await exited;
console.log(`npm start answers at the address it prints.`);
