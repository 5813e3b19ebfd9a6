type Arrive = (payload: unknown) => void;

/** The events of a client that a test waits for. Each event goes to the one that has waited longest. */
export class ComingEvents {
  private readonly waiting = new Map<string, Arrive[]>();
  private readonly failing = new Set<(reason: string) => void>();
  /** Names of the events that have arrived. */
  private readonly names: string[] = [];

  /** Passes an event to the first that waits for it. */
  arrive(name: string, payload: unknown): void {
    this.names.push(name);
    this.waiting.get(name)?.shift()?.(payload);
  }

  /** Ends all waits. */
  end(reason: string): void {
    for (const fail of this.failing) fail(reason);
  }

  /**
   * Returns the payload of the next event of that name that nobody else waits for.
   *
   * @param within - In ms; then it rejects.
   */
  next(name: string, within: number): Promise<unknown> {
    const {failing, names, waiting} = this;
    const before = names.length;
    const {stack = ''} = new Error();
    const coming = new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        failing.delete(fail);
      };
      const arrive = (payload: unknown) => {
        settle();
        resolve(payload);
      };
      const fail = (reason: string) => {
        settle();
        const others = waiting.get(name)?.filter(other => other !== arrive) ?? [];
        waiting.set(name, others);
        const came = names.slice(before).map(other => `"${other}"`);
        const meanwhile = came.length > 0 ? ` Others came: ${came.join(', ')}.` : '';
        const error = new Error(`No "${name}" ${reason}.${meanwhile}`);
        // The stack of a timer does not say which event was awaited where.
        error.stack = `${String(error)}${stack.slice(stack.indexOf('\n'))}`;
        reject(error);
      };
      const timer = setTimeout(() => fail(`arrived within ${within} ms`), within);
      failing.add(fail);
      waiting.set(name, [...(waiting.get(name) ?? []), arrive]);
    });
    // A test that has failed no longer waits for it.
    coming.catch(() => undefined);
    return coming;
  }
}
