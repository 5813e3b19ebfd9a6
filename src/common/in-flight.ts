/** Counts calls, and handlers of sockets that have left: a stop waits for them. */
export class InFlight {
  private count = 0;
  private waiting: (() => void)[] = [];

  begin(): void {
    this.count++;
  }

  finish(): void {
    this.count--;
    if (this.count === 0) for (const notify of this.waiting.splice(0)) notify();
  }

  /** Resolves when the count is 0. */
  async none(): Promise<void> {
    // A method that stops the server is counted until it has returned.
    await Promise.resolve();
    if (this.count > 0) await new Promise<void>(resolve => this.waiting.push(resolve));
  }
}

/** Waits for a promise, at most that many ms. */
export async function within(timeout: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>(resolve => {
    timer = setTimeout(resolve, timeout);
  });
  await Promise.race([promise, expired]);
  clearTimeout(timer);
}
