import type {Binding} from '@loopback/core';

/** The bindings of a context: those that it always has are made when they are asked for. */
export class LazyRegistry extends Map<string, Binding> {
  /** The bindings that the application has added. */
  added?: Map<string, Binding>;

  /**
   * @param known - The keys that the context always has.
   * @param make - Makes the binding of one of them; `undefined` where it has none now.
   * @param onAdded - Called after the application has added a binding.
   */
  constructor(
    private readonly known: readonly string[],
    private readonly make: (key: string) => Binding | undefined,
    private readonly onAdded: () => void,
  ) {
    super();
  }

  override get(key: string): Binding | undefined {
    const found = super.get(key);
    if (found) return found;
    const made = this.make(key);
    if (made) super.set(key, made);
    return made;
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  override set(key: string, binding: Binding): this {
    this.added ??= new Map();
    this.added.set(key, binding);
    this.onAdded();
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

  private makeAll(): void {
    for (const key of this.known) this.get(key);
  }
}
