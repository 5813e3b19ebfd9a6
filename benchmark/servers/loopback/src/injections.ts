import {BindingScope, ContextView, filterByTag, inject} from '@loopback/core';
import type {Application, Context, Getter, Provider} from '@loopback/core';
import {SecurityBindings} from '@loopback/security';
import {socketAuth, socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import {find} from '../../../job.cjs';
import type {Credentials, User} from '../../../job.cjs';
import {FindArgsModel} from './find-args.model';
import {findProfile} from './users';
import type {Profile} from './users';

/** The value that the method returns. */
interface Finder {
  find: typeof find;
}

const FINDER = 'services.Finder';
const FINDERS = 'finder';

/** The full controller, but for what its subclasses have injected beside the user. */
abstract class FindingController {
  constructor(@inject(SecurityBindings.USER, {optional: true}) protected user: Profile) {}

  @socketAuth()
  async authenticate(_socket: Socket, credentials: Credentials) {
    return findProfile(credentials);
  }

  @socketMethod('find', {args: FindArgsModel})
  async find(_socket: Socket, _credentials: unknown, args: FindArgsModel) {
    return this.answer(args, this.user);
  }

  protected abstract answer(args: FindArgsModel, user: User): unknown;
}

/** As most LoopBack applications have the user injected. */
export class GetterController extends FindingController {
  @inject.getter(SecurityBindings.USER) private getUser: Getter<Profile>;

  protected async answer(args: FindArgsModel) {
    return find(args, await this.getUser());
  }
}

/** A service of another server, as `lb4 service` makes it, or a dynamic value. */
export class ServiceController extends FindingController {
  @inject(FINDER) private finder: Finder;

  protected answer(args: FindArgsModel, user: User) {
    return this.finder.find(args, user);
  }
}

export class ViewController extends FindingController {
  @inject.view(filterByTag(FINDERS)) private finders: ContextView<Finder>;

  protected async answer(args: FindArgsModel, user: User) {
    const [finder] = await this.finders.values();
    return finder.find(args, user);
  }
}

export class CustomResolveController extends FindingController {
  @inject(FINDER, {}, (context, _injection, session) =>
    context.getValueOrPromise<Finder>(FINDER, session),
  )
  private finder: Finder;

  protected answer(args: FindArgsModel, user: User) {
    return this.finder.find(args, user);
  }
}

export class ContextController extends FindingController {
  @inject.context() private context: Context;

  protected answer(args: FindArgsModel, user: User) {
    return this.context.getSync<Finder>(FINDER).find(args, user);
  }
}

class FinderProvider implements Provider<Finder> {
  async value() {
    return {find};
  }
}

export function bindAsyncProvider(app: Application): void {
  app.bind(FINDER).toProvider(FinderProvider);
}

export function bindDynamicValue(app: Application): void {
  app
    .bind(FINDER)
    .toDynamicValue(() => ({find}))
    .inScope(BindingScope.REQUEST);
}

export function bindConstant(app: Application): void {
  app.bind(FINDER).to({find}).tag(FINDERS);
}
