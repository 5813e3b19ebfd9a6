import debugFactory from 'debug';
import {format, stripVTControlCharacters} from 'node:util';
import {Queue} from './queue';

/** Enables debug output, and keeps its lines; ended by `using`. */
export function givenDebugLines(namespaces: string): Queue<string> & Disposable {
  const {log} = debugFactory;
  const lines = new Queue<string>();
  debugFactory.log = (...args: unknown[]) => {
    lines.push(stripVTControlCharacters(format(...args)));
  };
  debugFactory.enable(namespaces);
  return Object.assign(lines, {
    [Symbol.dispose]() {
      debugFactory.disable();
      debugFactory.log = log;
    },
  });
}
