import {
  Application,
  asGlobalInterceptor,
  Binding,
  BindingScope,
  ContextTags,
  CoreBindings,
  inject,
} from '@loopback/core';
import type {
  Constructor,
  Interceptor,
  InvocationContext,
  Next,
  Provider,
} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {Response} from '@loopback/rest';
import {isStoppedBy} from '../common/aborted';
import {guardSignal} from '../common/guarded';
import type {Reporter} from '../common/watch-promises';
import {describeClass} from '../decorators/metadata';
import {injectionsOf} from '../decorators/parameters';
import {SocketKeys} from '../options/keys';
import {SocketErrors} from '../wire/refusals';
import {RestLines} from './rest-lines';
import {discardItems, ItemSource, itemsOf} from './source';

/** The injected values of a controller method that sockets call too. */
interface SharedMethod {
  readonly label: string;
  readonly takesSignal: boolean;
  readonly takesAfter: boolean;
}

/**
 * A global interceptor of REST operations that are socket methods too: answers an async iterable line by line, and
 * gives the method its signal. Other operations pass it.
 */
export class RestStreams implements Provider<Interceptor> {
  /** The responses that wait for items. */
  private readonly open = new Set<Response>();
  private readonly methods = new WeakMap<
    Constructor<unknown>,
    Map<string, SharedMethod | undefined>
  >();

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
  ) {
    // REST waits for its responses when it stops, and a stream may have no end.
    app.on('stopping', () => {
      for (const response of this.open) response.destroy();
    });
  }

  static binding(): Binding<Interceptor> {
    return new Binding<Interceptor>('globalInterceptors.SocketRestStreams')
      .toProvider(RestStreams)
      .inScope(BindingScope.SINGLETON)
      .apply(asGlobalInterceptor())
      .tag({
        [ContextTags.GLOBAL_INTERCEPTOR_SOURCE]: 'route',
        // Symbols come first, so that interceptors of the application see the iterable.
        [ContextTags.GLOBAL_INTERCEPTOR_GROUP]: Symbol('loopback4-socket'),
      });
  }

  value(): Interceptor {
    return (invocation, next) => {
      const method = this.sharedMethodOf(invocation);
      return method ? this.answer(invocation, next, method) : next();
    };
  }

  private async answer(
    invocation: InvocationContext,
    next: Next,
    {label, takesSignal, takesAfter}: SharedMethod,
  ): Promise<unknown> {
    const response = await invocation.get(RestBindings.Http.RESPONSE);
    const reporter = reporterOf(invocation);
    const signal = takesSignal ? signalOf(response, reporter, label) : undefined;
    if (signal) invocation.bind(SocketKeys.SIGNAL).to(signal);
    if (takesAfter) invocation.bind(SocketKeys.AFTER).to(undefined);
    try {
      const result: unknown = await next();
      const items = itemsOf(result);
      if (!items || isPiped(items)) return result;
      if (this.app.state === 'stopping') {
        discardItems(items, reporter, label);
        throw SocketErrors.shuttingDown();
      }
      this.open.add(response);
      response.once('close', () => this.open.delete(response));
      const source = ItemSource.of(items);
      const lines = new RestLines(source, response, label, reporter, signal);
      await lines.begin();
      return lines;
    } catch (error) {
      // Nobody gets the answer; this error is not logged.
      throw isStoppedBy(signal, error) ? SocketErrors.callCancelled() : error;
    }
  }

  /** Reads the decorators of a method once. */
  private sharedMethodOf(invocation: InvocationContext): SharedMethod | undefined {
    const {methodName, source, target} = invocation;
    if (source?.type !== 'route') return undefined;
    const type = target.constructor as Constructor<unknown>;
    let methods = this.methods.get(type);
    if (!methods) this.methods.set(type, (methods = new Map<string, SharedMethod>()));
    if (!methods.has(methodName)) methods.set(methodName, describe(type, methodName));
    return methods.get(methodName);
  }
}

function describe(type: Constructor<unknown>, name: string): SharedMethod | undefined {
  const isShared = describeClass(type)?.members.some(
    ({kind, member}) => kind === 'method' && member === name,
  );
  if (!isShared) return undefined;
  const keys = injectionsOf(type, name).map(one => one?.bindingSelector.toString());
  return {
    label: `${type.name}.${name}`,
    takesSignal: keys.includes(SocketKeys.SIGNAL.key),
    takesAfter: keys.includes(SocketKeys.AFTER.key),
  };
}

/** Returns a signal that is aborted when the client leaves before it has the whole response. */
function signalOf(response: Response, reporter: Reporter, label: string): AbortSignal {
  const controller = new AbortController();
  guardSignal(controller.signal, error => reporter.report(error, label));
  const abort = () => {
    if (!response.writableFinished) controller.abort();
  };
  response.once('close', abort);
  if (response.destroyed) abort();
  return controller.signal;
}

/** Returns what logs an error that no client receives, as REST logs its errors. */
function reporterOf(invocation: InvocationContext): Reporter {
  const log = async (error: unknown) => {
    const request = await invocation.get(RestBindings.Http.REQUEST);
    const logError = await invocation.get(RestBindings.SequenceActions.LOG_ERROR);
    logError(error as Error, 500, request);
  };
  // Nobody receives an error of the application's own logger.
  return {report: error => void log(error).catch(() => undefined)};
}

/** Returns true for a Node stream, which REST itself pipes to the response. */
function isPiped(items: object): boolean {
  return typeof (items as {pipe?: unknown}).pipe === 'function';
}
