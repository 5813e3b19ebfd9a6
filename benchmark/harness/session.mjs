import {join} from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {Child} from './channel.mjs';
import {used} from './usage.mjs';

const file = path => fileURLToPath(new URL(path, import.meta.url));

/** A server process and, unless it has no sockets, the process that makes its load. */
export class Session {
  /** @param profiles - A folder, when the server is to be profiled while it is measured. */
  static async start(subject, {methods, nodeFlags = [], profiles}) {
    const session = new Session();
    session.profile =
      profiles && (name => join(profiles, `${subject.name}-${name}.cpuprofile`));
    const options = JSON.stringify({methods, ...subject.options});
    session.server = new Child(file('server-process.mjs'), [subject.module, options], {
      core: 0,
      // On one core the collector's helper threads only wait for each other, more or less long.
      nodeFlags: ['--expose-gc', '--single-threaded-gc', ...nodeFlags],
    });
    try {
      const {port, started} = await session.server.ask('started');
      session.port = port;
      session.started = started;
      if (subject.wire) {
        session.load = new Child(file('../load/main.mjs'), [subject.wire], {core: 1});
        // Its own start would disturb the next server's, which is measured.
        await session.load.ask('ready');
      }
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  connect(count) {
    return this.load.ask('connect', {port: this.port, count});
  }

  call(options) {
    return this.load.ask('call', options);
  }

  /** Closes all connections but the first `keep`. */
  async close({keep = 0} = {}) {
    await this.load.ask('close', {keep});
    // Until the server has seen that they are gone.
    await setTimeout(300);
  }

  /** Returns what the server used during an action, and the result of the action. */
  async measured(name, work) {
    if (this.profile) await this.server.ask('startProfile');
    const before = await this.server.ask('usage');
    const result = await work();
    const after = await this.server.ask('usage');
    if (this.profile) await this.server.ask('stopProfile', {file: this.profile(name)});
    return {...result, server: used(before, after)};
  }

  /** Lets the server emit, and waits until every event has arrived. */
  async emit(command, options, count) {
    const arrived = this.load.ask('events', {count});
    await this.server.ask(command, options);
    await arrived;
  }

  async end() {
    await this.load?.end();
    await this.server.end();
  }
}
