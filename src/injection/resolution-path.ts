import {ResolutionSession} from '@loopback/core';
import type {Binding, Injection} from '@loopback/core';

type Step =
  | {readonly binding: Readonly<Binding<unknown>>}
  | {readonly injection: Readonly<Injection>};

/** The bindings and injections that lead to what is resolved, from the controller on. */
export class ResolutionPath {
  static readonly START = new ResolutionPath([]);

  private constructor(private readonly steps: readonly Step[]) {}

  with(step: Step): ResolutionPath {
    return new ResolutionPath([...this.steps, step]);
  }

  /** Says whether a binding leads to itself. */
  includes(binding: Readonly<Binding<unknown>>): boolean {
    return this.steps.some(step => 'binding' in step && step.binding === binding);
  }

  /** The binding whose class or provider is made. */
  get currentBinding(): Readonly<Binding<unknown>> | undefined {
    for (let at = this.steps.length - 1; at >= 0; at--) {
      const step = this.steps[at];
      if ('binding' in step) return step.binding;
    }
    return undefined;
  }

  /** The same for LoopBack's own resolution. */
  toSession(): ResolutionSession {
    const session = new ResolutionSession();
    for (const step of this.steps) {
      if ('binding' in step) session.pushBinding(step.binding);
      else session.pushInjection(step.injection);
    }
    return session;
  }
}
