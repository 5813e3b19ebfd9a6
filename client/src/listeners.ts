/** Receives the arguments of an event. */
export type Listener = (...args: never[]) => unknown;

/** The listeners of the application's events. They are kept over connections. */
export class Listeners {
  /** By name; true for a listener that is called once. */
  private readonly byName = new Map<string, Map<Listener, boolean>>();

  /** Returns a function that removes the listener. */
  add(name: string, listener: Listener, once: boolean): () => void {
    const listeners = this.byName.get(name) ?? new Map<Listener, boolean>();
    this.byName.set(name, listeners.set(listener, once));
    return () => this.remove(name, listener);
  }

  /** Removes one listener of a name, or all. */
  remove(name: string, listener?: Listener): void {
    if (listener) this.byName.get(name)?.delete(listener);
    else this.byName.delete(name);
  }

  clear(): void {
    this.byName.clear();
  }

  readonly receive = (name: string, ...args: unknown[]): void => {
    for (const [listener, once] of [...(this.byName.get(name) ?? [])]) {
      if (once) this.remove(name, listener);
      listener(...(args as never[]));
    }
  };
}
