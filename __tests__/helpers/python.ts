import {spawn, spawnSync} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {join} from 'node:path';

/** Debian's Python: the first one in the path may be another, without the package. */
const PYTHON = '/usr/bin/python3';
const {status} = spawnSync(PYTHON, ['-c', 'import socketio, requests, websocket']);

/** Why tests of python-socketio cannot run here; `false` where they can. */
export const SKIP_PYTHON = status === 0 ? false : 'python3-socketio is not installed';

/** Starts a script of `__tests__/fixtures`. Its output is text. */
export function startPython(script: string, ...args: string[]): ChildProcess {
  const file = join(__dirname, '../../__tests__/fixtures', script);
  return spawn(PYTHON, [file, ...args], {stdio: ['ignore', 'pipe', 'inherit']});
}
