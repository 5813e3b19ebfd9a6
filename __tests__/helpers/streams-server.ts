import type {SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {Question, StreamsCensus, StreamsCounts} from '../fixtures/streams-process';
import type {Watched} from './stream-watch';

/** ms until what has ended is gone. */
const PATIENCE = 30_000;

/** The process of `fixtures/streams-process`. Ended by `await using`. */
export class StreamsServer implements AsyncDisposable {
  private readonly exited: Promise<never>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    this.exited = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`The server ended with ${String(code ?? signal)}.`);
    });
    this.exited.catch(() => undefined);
  }

  static async start(options: SocketServerOptions = {}): Promise<StreamsServer> {
    const child = fork(
      join(__dirname, '../fixtures/streams-process.js'),
      [JSON.stringify(options)],
      {execArgv: ['--expose-gc']},
    );
    const [url] = (await once(child, 'message')) as [string];
    return new StreamsServer(child, url);
  }

  async counts(): Promise<StreamsCounts> {
    return checked((await this.ask('counts')) as StreamsCounts);
  }

  async census(): Promise<StreamsCensus> {
    return checked((await this.ask('census')) as StreamsCensus);
  }

  /** Counts again and again until all is as expected, or for too long. */
  async settled(isDone: (counts: StreamsCounts) => boolean): Promise<StreamsCounts> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const counts = await this.counts();
      if (isDone(counts) || Date.now() > end) return counts;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  /** Looks at the last socket from now on. */
  async watch(): Promise<void> {
    await this.ask('watch');
  }

  async watched(): Promise<Watched> {
    return (await this.ask('watched')) as Watched;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }

  private async ask(question: Question): Promise<unknown> {
    this.child.send(question);
    const [answer] = (await Promise.race([once(this.child, 'message'), this.exited])) as [
      unknown,
    ];
    return answer;
  }
}

/** Fails when something went wrong in the server. */
function checked<Counts extends StreamsCounts>(counts: Counts): Counts {
  assert.deepEqual(counts.faults, []);
  assert.deepEqual(counts.logged, []);
  return counts;
}
