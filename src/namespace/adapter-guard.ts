import {isPromiseLike} from '@loopback/core';
import type {Namespace} from 'socket.io';
import {Adapter as MemoryAdapter} from 'socket.io-adapter';
import {runGuarded, runListeners} from '../common/guarded';
import {reportOf} from './broadcasts';
import {forgetUnanswered} from './cluster-adapters';

type Adapter = Namespace['adapter'];
type Method = (...args: unknown[]) => unknown;

/** Methods for whose promise socket.io does not wait; adapters of a cluster return one. */
const UNAWAITED = [
  'addAll',
  'del',
  'delAll',
  'broadcast',
  'broadcastWithAck',
  'addSockets',
  'delSockets',
  'disconnectSockets',
  'serverSideEmit',
  'persistSession',
  'close',
] as const;

/** Methods of cluster adapters that run the messages of another node. */
const INCOMING = ['onMessage', 'onResponse'] as const;

/** Reports what an adapter throws or rejects with, and what its listeners throw: it would end the process. */
export function guardAdapter(adapter: Adapter): void {
  const report = (error: unknown, source: string) =>
    reportOf(adapter.nsp as Namespace)?.(error, `io.adapter.${source}`);
  const methods = adapter as unknown as Record<string, Method | undefined>;
  const inMemory = MemoryAdapter.prototype as unknown as typeof methods;
  const replace = (name: string, guard: (run: Method) => Method) => {
    const method = methods[name];
    // The adapter in memory returns no promise.
    if (method && method !== inMemory[name]) methods[name] = guard(method.bind(adapter));
  };

  for (const name of UNAWAITED) {
    replace(name, run => (...args) => {
      const returned = run(...args);
      if (isPromiseLike(returned)) {
        Promise.resolve(returned).then(undefined, (error: unknown) =>
          report(error, name),
        );
      }
      return returned;
    });
  }
  for (const name of INCOMING) {
    replace(name, run => (...args) => {
      runGuarded(
        () => run(...args),
        error => report(error, name),
      );
    });
  }
  // A broadcast that waits for acks does not handle a rejection. With NaN nodes its acks never count as
  // complete.
  replace('serverCount', run => async () => {
    try {
      return await run();
    } catch (error) {
      report(error, 'serverCount');
      return NaN;
    }
  });
  forgetUnanswered(adapter);
  const emit = adapter.emit.bind(adapter);
  adapter.emit = (event: string, ...args: unknown[]) => {
    const fail = (error: unknown) => report(error, `on('${event}')`);
    return runListeners(adapter, event, args, fail) || emit(event, ...args);
  };
}
