type OnFailure<Failure> = ((error: unknown) => Failure | PromiseLike<Failure>) | null;

/**
 * Adds the caller's place to the stack of the error of a call: the stack of an answer does not say where the call was
 * made. Returns the same promise, which may have items too.
 */
export function withCallSite<Result>(call: Promise<Result>): Promise<Result> {
  const madeAt = new Error();
  const then = call.then.bind(call);
  const locate = (error: unknown) => {
    if (!(error instanceof Error)) return;
    const {stack = ''} = madeAt;
    error.stack = `${String(error)}${stack.slice(stack.indexOf('\n'))}`;
  };
  call.then = <Value = Result, Failure = never>(
    onResult?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onFailure?: OnFailure<Failure>,
  ) =>
    then<Value, Failure>(onResult, (error: unknown) => {
      locate(error);
      if (onFailure) return onFailure(error);
      throw error;
    });
  return call;
}
