import type {Application} from '@loopback/core';
import {readFailurePolicy} from '../options/failure-policy';
import {runGuarded} from '../common/guarded';

/** @throws Error that lists the problems, one sentence each, if there are any. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Tells of the problems that do not stop a start, each once. */
export class ProblemLog {
  private readonly reported = new Set<string>();

  constructor(private readonly app: Application) {}

  report(problems: readonly string[]): void {
    for (const problem of problems) {
      if (this.reported.has(problem)) continue;
      this.reported.add(problem);
      this.log(new Error(problem), 'configuration');
    }
  }

  /** Prints what may be wrong, once, as Node prints warnings: `process.on('warning')` has it too. */
  warn(message: string | undefined): void {
    if (message === undefined || this.reported.has(message)) return;
    this.reported.add(message);
    process.emitWarning(message, 'SocketWarning');
  }

  /** Logs what a function threw that serves no server in particular. */
  readonly log = (error: unknown, handler: string): void => {
    runGuarded(
      () => readFailurePolicy(this.app).log(error, 500, {server: '(all)', handler}),
      () => undefined,
    );
  };
}
