/** The value that a call returns: a promise of its result, and the items of a method that streams. */
export class Outcome extends Promise<unknown> implements AsyncIterable<unknown> {
  /** True once somebody awaits or iterates it. */
  used = false;
  /** Returns the stream, also before the call is answered. */
  openStream!: () => AsyncIterableIterator<unknown>;

  /** `then` makes ordinary promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<Result = unknown, Failure = never>(
    onResult?: ((result: unknown) => Result | PromiseLike<Result>) | null,
    onFailure?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.used = true;
    return super.then(onResult, onFailure);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown> {
    // The iteration fails with the same error.
    this.catch(() => undefined);
    return this.openStream();
  }
}
