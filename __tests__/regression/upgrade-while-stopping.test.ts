import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import {join} from 'node:path';
import {it} from 'node:test';
import {once} from '../helpers/awaited';

/** The remaining socket kept the process for 30 s. */
const within = {timeout: 25_000};

it(
  'a process ends whose clients upgraded and left while it stopped',
  within,
  async () => {
    const child = fork(join(__dirname, '../fixtures/upgrading-process.js'));
    try {
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  },
);
