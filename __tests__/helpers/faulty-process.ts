import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {Report, Settle} from '../fixtures/faulty-process';
import {givenAuthenticated} from './client';
import type {TestClient} from './client';
import type {Order} from './faults';
import {Queue} from './queue';

export interface LoggedFault {
  readonly handler: string;
  readonly socketId?: string | undefined;
  readonly message: string;
}

/** The process of fixtures/faulty-process.ts, and a client of it that must not be disturbed. */
export class FaultyProcess implements AsyncDisposable {
  /** The errors that nothing has caught. */
  readonly uncaught: string[] = [];
  /** An item for each ack that the application received. */
  readonly asked = new Queue<number>();
  private logged: LoggedFault[] = [];
  private readonly ready = new Queue<void>();

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    private readonly bystander: TestClient,
  ) {
    child.on('message', (report: Report | 'done') => {
      if (report === 'done') this.ready.push();
      else if ('logged' in report) this.logged.push(report.logged);
      else if ('uncaught' in report) this.uncaught.push(report.uncaught);
      else if ('asked' in report) this.asked.push(report.asked);
    });
  }

  /** @param errors - The application's `ERROR_WRITER_OPTIONS`. */
  static async start(errors: object = {}): Promise<FaultyProcess> {
    const file = join(__dirname, '../fixtures/faulty-process.js');
    const child = fork(file, [JSON.stringify(errors)], {execArgv: []});
    const [{url}] = (await once(child, 'message')) as [{url: string}];
    return new FaultyProcess(child, url, await givenAuthenticated(url));
  }

  /** Settles when what went wrong has been logged, or was not caught; gives what was logged. */
  async settled(order?: Order): Promise<LoggedFault[]> {
    return this.settle({order, wait: 20});
  }

  /** The same, of calls that are answered: nothing is on its way any more. */
  async answered(order?: Order): Promise<LoggedFault[]> {
    return this.settle({order, wait: 0});
  }

  private async settle(settle: Settle): Promise<LoggedFault[]> {
    this.child.send(settle);
    await this.ready.next();
    return this.logged.splice(0);
  }

  /** Fails if anything was not caught, or if the other client cannot go on. */
  async check(): Promise<void> {
    await this.settled();
    assert.deepEqual(this.uncaught, []);
    assert.equal(this.child.exitCode ?? this.child.signalCode, null);
    const answer = await this.bystander.call('echo', 'still here');
    assert.deepEqual(answer, {result: 'still here'});
    assert.deepEqual(this.bystander.names, ['connect', 'authenticated']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bystander[Symbol.asyncDispose]();
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit');
    }
  }
}
