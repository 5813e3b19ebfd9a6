import {join} from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {Child} from './channel.mjs';
import {used} from './usage.mjs';

const file = path => fileURLToPath(new URL(path, import.meta.url));

/** A server process and, unless it has no sockets, the process that makes its load: a load generator or a client. */
export class Session {
  /** @param profiles - A folder, when what is measured is to be profiled. */
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
      const {wire, kind, client} = subject;
      if (wire || kind) {
        session.load = kind
          ? new Child(file(`../load/${kind}.mjs`), [client], {
              core: 1,
              nodeFlags: ['--single-threaded-gc'],
            })
          : new Child(file('../load/main.mjs'), [wire], {core: 1});
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
  measured(name, work) {
    return this.profiled(this.server, name, async () => {
      const before = await this.server.ask('usage');
      const result = await work();
      const after = await this.server.ask('usage');
      return {...result, server: used(before, after)};
    });
  }

  /** Returns the result of an action, and writes a profile of that process if profiles are asked for. */
  async profiled(child, name, work) {
    if (this.profile) await child.ask('startProfile');
    const result = await work();
    if (this.profile) await child.ask('stopProfile', {file: this.profile(name)});
    return result;
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
