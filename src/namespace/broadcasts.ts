import type {BroadcastOperator, Namespace} from 'socket.io';
import {runGuarded} from '../common/guarded';
import type {Report} from '../common/guarded';
import {childrenOf, operatorOf, remoteSocketOf} from '../engine/internals';
import type {Operator} from '../engine/internals';

type OperatorClass = new (
  ...parts: ConstructorParameters<typeof BroadcastOperator>
) => Operator;
type Ack = (...args: unknown[]) => unknown;

/** The function that reports the faults of each guarded namespace's listeners. */
const reports = new WeakMap<Namespace, Report>();

/** Returns the function that reports the faults of a guarded namespace. */
export function reportOf(namespace: Namespace | undefined): Report | undefined {
  return namespace && reports.get(namespace);
}

/** Returns an ack that reports what the application's ack throws or rejects with. */
export function guardAck(ack: Ack, fail: (error: unknown) => void): Ack {
  return function (this: unknown, ...args) {
    runGuarded(() => Reflect.apply(ack, this, args), fail);
  };
}

/**
 * Guards the acks of all broadcasts of a namespace. socket.io may call them from a timer, where an error
 * would end the process.
 */
export function guardBroadcasts(namespace: Namespace, report: Report): void {
  reports.set(namespace, report);
  const Guarded = guardedClassOf(namespace.except([]));
  const all = () => new Guarded(namespace.adapter);
  const methods: Partial<Namespace> = {
    to: room => all().to(room),
    in: room => all().in(room),
    except: room => all().except(room),
    compress: compress => all().compress(compress),
    timeout: timeout => all().timeout(timeout),
    fetchSockets: () => all().fetchSockets(),
  };
  Object.assign(namespace, methods);
  // A pattern's parent namespace calls `emit` of each child.
  if (!childrenOf(namespace))
    namespace.emit = (event, ...args: unknown[]) => all().emit(event, ...args);
  Object.defineProperties(namespace, {
    volatile: {configurable: true, get: () => all().volatile},
    local: {configurable: true, get: () => all().local},
  });
}

/** Returns an operator that makes the same broadcast, with its ack guarded. */
export function guardOperator(operator: Operator): Operator {
  return remake(guardedClassOf(operator), operator);
}

function remake(Guarded: OperatorClass, operator: Operator): Operator {
  const {adapter, rooms, exceptRooms, flags} = operatorOf(operator);
  return new Guarded(adapter, rooms, exceptRooms, flags);
}

const guardedClasses = new WeakMap<OperatorClass, OperatorClass>();

/** Returns the guarded class for the class of an operator, which socket.io exports as a type only. */
function guardedClassOf(operator: Operator): OperatorClass {
  const plain = operator.constructor as OperatorClass;
  let guarded = guardedClasses.get(plain);
  if (!guarded) guardedClasses.set(plain, (guarded = makeGuarded(plain)));
  return guarded;
}

/** Makes a subclass that guards acks, also those of the operators made from its own. */
function makeGuarded(Plain: OperatorClass): OperatorClass {
  class Guarded extends Plain {
    override to(...args: Parameters<Operator['to']>) {
      return remake(Guarded, super.to(...args));
    }

    override except(...args: Parameters<Operator['except']>) {
      return remake(Guarded, super.except(...args));
    }

    override compress(compress: boolean) {
      return remake(Guarded, super.compress(compress));
    }

    override timeout(timeout: number) {
      return remake(Guarded, super.timeout(timeout));
    }

    override get volatile(): Operator {
      return remake(Guarded, super.volatile);
    }

    override get local(): Operator {
      return remake(Guarded, super.local);
    }

    override emit(event: string, ...args: unknown[]): boolean {
      const ack = args.at(-1);
      if (typeof ack === 'function') {
        const report = reportOf(operatorOf(this).adapter.nsp as Namespace);
        args[args.length - 1] = guardAck(ack as Ack, error =>
          report?.(error, 'ack of io.emit'),
        );
      }
      return super.emit(event, ...args);
    }

    override fetchSockets() {
      return super.fetchSockets().then(sockets => {
        for (const socket of sockets) {
          const remote = remoteSocketOf(socket);
          // A socket of this node has none.
          if (remote.operator) remote.operator = remake(Guarded, remote.operator);
        }
        return sockets;
      });
    }
  }
  return Guarded;
}
