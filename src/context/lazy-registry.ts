import type {Binding, Context} from '@loopback/core';
import {indexTags} from './light-context';

/** The bindings of a light context. Those of its fixed keys are made at their first use. */
export class LazyRegistry extends Map<string, Binding> {
  /** The bindings that the application has added. */
  added?: Map<string, Binding>;

  /**
   * @param fixed - The fixed keys.
   * @param make - Makes the binding of a fixed key, if the key has a value now. Returns undefined for other keys.
   * @param onAdded - Called after the application has added a binding.
   */
  constructor(
    private readonly context: Context,
    private readonly fixed: readonly string[],
    private readonly make: (key: string) => Binding | undefined,
    private readonly onAdded: () => void,
  ) {
    super();
  }

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
    for (const key of this.fixed) this.get(key);
  }
}
