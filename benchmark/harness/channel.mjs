import {spawn, spawnSync} from 'node:child_process';
import {availableParallelism} from 'node:os';

/** Server and load generator each have a core of their own, where the system can do that. */
export const pinned =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;

/** A child process that is asked for things, one answer each. */
export class Child {
  #child;
  #asked = new Map();
  #count = 0;

  constructor(file, args, {core, nodeFlags = []}) {
    const command = [process.execPath, ...nodeFlags, file, ...args];
    if (pinned) command.unshift('taskset', '-c', String(core));
    this.#child = spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {...process.env, NODE_ENV: 'production'},
    });
    this.ended = new Promise(resolve => this.#child.once('exit', resolve));
    this.#child.on('message', ({id, result, error}) => {
      const {resolve, reject} = this.#asked.get(id);
      this.#asked.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    this.#child.once('exit', code => {
      for (const {reject} of this.#asked.values()) {
        reject(new Error(`${file} ended with ${code}.`));
      }
    });
  }

  ask(command, options = {}) {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, {resolve, reject});
      this.#child.send({id, command, options});
    });
  }

  async end() {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** The other end: answers with what the command of that name returns. */
export function serve(commands) {
  process.on('message', async ({id, command, options}) => {
    try {
      process.send({id, result: await commands[command](options)});
    } catch (error) {
      process.send({id, error: error.stack});
    }
  });
  process.on('disconnect', () => process.exit());
}
