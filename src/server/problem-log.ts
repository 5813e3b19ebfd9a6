import type {Application} from '@loopback/core';
import {readFailurePolicy} from '../options/failure-policy';
import {runGuarded} from '../common/guarded';

/** @throws Error that lists the problems, if there are any. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Reports problems that do not stop a start. It reports each problem once. */
export class ProblemLog {
  private readonly reported = new Set<string>();

  constructor(private readonly app: Application) {}

  report(problems: readonly string[]): void {
    for (const problem of problems) {
      if (this.isNew(problem)) this.log(new Error(problem), 'configuration');
    }
  }

  readonly reportError = (error: unknown): void => this.report([messageOf(error)]);

  /** Emits a Node warning: Node prints it, and `process.on('warning')` receives it. */
  warn(message: string | undefined): void {
    if (message !== undefined && this.isNew(message))
      process.emitWarning(message, 'SocketWarning');
  }

  private isNew(problem: string): boolean {
    if (this.reported.has(problem)) return false;
    this.reported.add(problem);
    return true;
  }

  /** Logs the error of a function that belongs to no server in particular. */
  readonly log = (error: unknown, handler: string): void => {
    runGuarded(
      () => readFailurePolicy(this.app).log(error, 500, {server: '(all)', handler}),
      () => undefined,
    );
  };
}
