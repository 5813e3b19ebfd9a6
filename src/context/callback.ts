import {runGuarded} from '../common/guarded';
import type {SocketCallback} from '../options/types';
import type {Call} from './call';

/**
 * Runs a function that takes a callback. Settles with the values of the callback, or with an earlier error of the
 * function. A later error is logged under `label`; the returned value is ignored.
 */
export function withCallback(
  label: string,
  call: Call,
  run: (callback: SocketCallback) => unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let calledBack = false;
    const callback: SocketCallback = (error, result) => {
      calledBack = true;
      call.outcome ??= {error, result, answered: false};
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the client receives what was called back
      if (error) reject(error);
      else resolve(result);
    };
    runGuarded(
      () => run(callback),
      error => {
        if (calledBack) call.caller.report(error, label);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the client receives what the function rejects with
        else reject(error);
      },
    );
  });
}
