import type {Binding, Context} from '@loopback/core';
import {indexTags} from './light-context';

/** The bindings of a light context. Those of its fixed keys are made at their first use. */
export abstract class LazyRegistry extends Map<string, Binding> {
  /** The bindings that the application has added. */
  added?: Map<string, Binding>;

  constructor(private readonly context: Context) {
    super();
  }

  /** The fixed keys of the context. */
  protected abstract readonly known: readonly string[];

  /** Makes the binding of a fixed key, or returns undefined when the key has no value now. */
  protected abstract make(key: string): Binding | undefined;

  /** Called after the application has added a binding. */
  protected abstract onAdded(): void;

  override get(key: string): Binding | undefined {
    const found = super.get(key);
    if (found) return found;
    const made = this.make(key);
    if (!made) return undefined;
    super.set(key, made);
    // `@inject.setter` changes its value.
    made.on('changed', () => this.add(key, made));
    return made;
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  override set(key: string, binding: Binding): this {
    this.add(key, binding);
    return super.set(key, binding);
  }

  override delete(key: string): boolean {
    this.added?.delete(key);
    return super.delete(key);
  }

  override values(): ReturnType<Map<string, Binding>['values']> {
    this.makeAll();
    return super.values();
  }

  override [Symbol.iterator](): ReturnType<Map<string, Binding>['entries']> {
    this.makeAll();
    return super[Symbol.iterator]();
  }

  private add(key: string, binding: Binding): void {
    if (!this.added) {
      this.added = new Map();
      indexTags(this.context);
    }
    this.added.set(key, binding);
    this.onAdded();
  }

  private makeAll(): void {
    for (const key of this.known) this.get(key);
  }
}
