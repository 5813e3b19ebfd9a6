import {ResolutionSession} from '@loopback/core';
import type {Binding, Injection} from '@loopback/core';

type Step =
  | {readonly binding: Readonly<Binding<unknown>>}
  | {readonly injection: Readonly<Injection>};

/** The bindings and injections from the controller to the value that is resolved. */
export class ResolutionPath {
  static readonly START = new ResolutionPath([]);

  private constructor(private readonly steps: readonly Step[]) {}

  with(step: Step): ResolutionPath {
    return new ResolutionPath([...this.steps, step]);
  }

  /** Returns true when a binding depends on itself. */
  includes(binding: Readonly<Binding<unknown>>): boolean {
    return this.steps.some(step => 'binding' in step && step.binding === binding);
  }

  /** The binding whose value is being made. */
  get currentBinding(): Readonly<Binding<unknown>> | undefined {
    for (let at = this.steps.length - 1; at >= 0; at--) {
      const step = this.steps[at];
      if ('binding' in step) return step.binding;
    }
    return undefined;
  }

  /** Returns the path in LoopBack's form. */
  toSession(): ResolutionSession {
    const session = new ResolutionSession();
    for (const step of this.steps) {
      if ('binding' in step) session.pushBinding(step.binding);
      else session.pushInjection(step.injection);
    }
    return session;
  }
}
