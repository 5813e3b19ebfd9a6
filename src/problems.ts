import type {Application} from '@loopback/core';
import {readFailurePolicy} from './failure-policy';

/** @throws Error that lists the problems, one sentence each, if there are any. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Logs the problems that arise at run time, each once. */
export class ProblemLog {
  private readonly reported = new Set<string>();

  constructor(private readonly app: Application) {}

  report(problems: readonly string[]): void {
    for (const problem of problems) {
      if (this.reported.has(problem)) continue;
      this.reported.add(problem);
      const source = {server: '(all)', handler: 'configuration'};
      readFailurePolicy(this.app).log(new Error(problem), 500, source);
    }
  }
}
