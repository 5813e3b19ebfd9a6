import type {Namespace, Socket} from 'socket.io';
import {Adapter as MemoryAdapter} from 'socket.io-adapter';
import {delayOf} from '../common/timers';
import {adapterInternalsOf, internalsOf, namespaceInternalsOf} from '../engine/internals';

/** Returns true for an adapter that may reach sockets of other nodes. The adapter in memory does not. */
export function knowsOtherNodes(adapter: Namespace['adapter']): boolean {
  const countOf = ({serverCount}: {serverCount: unknown}) => serverCount;
  return countOf(adapter) !== countOf(MemoryAdapter.prototype);
}

/**
 * Deletes the acks of another node's broadcast when its time is over. socket.io deletes them only on the node that
 * broadcasts, and keeps the others until their sockets leave.
 */
export function forgetUnanswered(adapter: Namespace['adapter']): void {
  if (!knowsOtherNodes(adapter)) return;
  const internals = adapterInternalsOf(adapter);
  const apply = internals.apply.bind(adapter);
  internals.apply = (options, run) => {
    const {timeout} = options.flags ?? {};
    if (timeout === undefined) {
      apply(options, run);
      return;
    }
    const id = namespaceInternalsOf(adapter.nsp as Namespace)._ids - 1;
    const asked: Socket[] = [];
    apply(options, socket => {
      const {acks} = internalsOf(socket);
      const isOther = acks.has(id);
      run(socket);
      if (!isOther && acks.has(id)) asked.push(socket);
    });
    if (asked.length === 0) return;
    const forget = () => asked.forEach(socket => internalsOf(socket).acks.delete(id));
    setTimeout(forget, delayOf(timeout)).unref();
  };
}
