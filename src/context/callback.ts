import {runGuarded} from '../common/guarded';
import type {SocketCallback} from '../options/types';
import type {Call} from './call';

/**
 * Runs a function that takes a callback, and settles with the first outcome: the callback's, or what is thrown or
 * rejected before it. The returned value is ignored; a later throw or rejection is logged under `label`.
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
      call.outcome ??= {error, result, told: false};
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the client receives what was called back
      if (error) reject(error);
      else resolve(result);
    };
    runGuarded(
      () => run(callback),
      error => {
        if (calledBack) call.caller.report(error, label);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as above
        else reject(error);
      },
    );
  });
}
