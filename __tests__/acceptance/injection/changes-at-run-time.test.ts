import {bind, BindingScope, ContextTags, globalInterceptor, inject} from '@loopback/core';
import type {
  Application,
  Binding,
  Interceptor,
  InvocationContext,
  Next,
  Provider,
  ValueOrPromise,
} from '@loopback/core';
import {SecurityBindings, securityId} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {socketAuth, socketMethod} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {GivenApp} from '../../helpers/app';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';

class Counter {
  static made = 0;
  readonly number = ++Counter.made;
}

class TextProvider implements Provider<string> {
  constructor(@inject('greeting', {optional: true}) private readonly greeting = 'none') {}

  value() {
    return `provided ${this.greeting}`;
  }
}

@bind({scope: BindingScope.TRANSIENT})
class NoteController {
  private calls = 0;

  constructor(
    @inject('greeting', {optional: true}) private readonly greeting = 'none',
    @inject('counter', {optional: true}) private readonly counter?: Counter,
    @inject('text', {optional: true}) private readonly text?: string,
  ) {}

  @socketAuth()
  authenticate() {
    return {name: 'someone'};
  }

  @socketMethod()
  greet(@inject('name', {optional: true}) name = 'nobody') {
    return `${this.greeting} ${name}`;
  }

  @socketMethod()
  count() {
    return this.counter?.number;
  }

  @socketMethod()
  provided() {
    return this.text;
  }

  @socketMethod()
  calledOn() {
    return ++this.calls;
  }
}

/** Adds its word to what is answered. */
const adding =
  (word: string): Interceptor =>
  async (_context: InvocationContext, next: Next) =>
    `${(await next()) as string} ${word}`;

@globalInterceptor('words')
class WordInterceptor implements Provider<Interceptor> {
  constructor(@inject('word', {optional: true}) private readonly word = 'none') {}

  value(): ValueOrPromise<Interceptor> {
    return adding(this.word);
  }
}

interface Given extends AsyncDisposable {
  readonly given: GivenApp;
  readonly app: Application;
  readonly client: TestClient;
  readonly controller: Binding<unknown>;
}

async function givenNotes(setup: (app: Application) => void = () => undefined) {
  const given = await givenApp({
    setup: app => {
      app.controller(NoteController, 'notes');
      setup(app);
    },
  });
  const client = await givenAuthenticated(given.server.url);
  return {
    given,
    app: given.app,
    client,
    controller: given.app.getBinding('controllers.notes'),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  } satisfies Given;
}

describe('a change at run time takes effect on the next call:', () => {
  it('a user for those who have none is bound and unbound', async () => {
    const seen: (string | undefined)[] = [];
    class GuestController {
      constructor(
        @inject(SecurityBindings.USER, {optional: true})
        private readonly user?: UserProfile,
      ) {}

      @socketAuth()
      authenticate() {
        seen.push(this.user?.name);
        return true;
      }

      @socketMethod()
      name() {
        return this.user?.name ?? 'nobody';
      }
    }
    await using given = await givenApp({controllers: [GuestController]});
    const nameOf = async () => {
      await using client = await givenAuthenticated(given.server.url);
      return (await client.call('name')).result as string;
    };
    assert.equal(await nameOf(), 'nobody');
    given.app.bind(SecurityBindings.USER).to({[securityId]: 'guest', name: 'Guest'});
    assert.equal(await nameOf(), 'Guest');
    given.app.unbind(SecurityBindings.USER);
    assert.equal(await nameOf(), 'nobody');
    assert.deepEqual(seen, [undefined, 'Guest', undefined]);
  });

  it('a value that is injected is bound, given another value, bound anew, unbound', async () => {
    await using given = await givenNotes();
    const {app, client} = given;
    const greet = async () => (await client.call('greet')).result as string;
    assert.equal(await greet(), 'none nobody');
    app.bind('greeting').to('Hello');
    assert.equal(await greet(), 'Hello nobody');
    const name = app.bind('name').to('Ana');
    assert.equal(await greet(), 'Hello Ana');
    name.to('Ben');
    app.getBinding('greeting').to('Hi');
    assert.equal(await greet(), 'Hi Ben');
    app.bind('greeting').to('Good day');
    app.bind('name').toDynamicValue(() => 'Eva');
    assert.equal(await greet(), 'Good day Eva');
    app.unbind('greeting');
    app.unbind('name');
    assert.equal(await greet(), 'none nobody');
  });

  it('a value is bound for a server, in place of the application’s', async () => {
    await using given = await givenNotes(app => app.bind('greeting').to('Hello'));
    const {client, given: app} = given;
    const greet = async () => (await client.call('greet')).result as string;
    assert.equal(await greet(), 'Hello nobody');
    app.server.context.bind('greeting').to('Welcome');
    assert.equal(await greet(), 'Welcome nobody');
    app.server.context.unbind('greeting');
    assert.equal(await greet(), 'Hello nobody');
  });

  it('a singleton is refreshed, a class is given another scope', async () => {
    await using given = await givenNotes(app =>
      app.bind('counter').toClass(Counter).inScope(BindingScope.SINGLETON),
    );
    const {app, client} = given;
    const count = async () => (await client.call('count')).result as number;
    const first = await count();
    assert.equal(await count(), first);
    const binding = app.getBinding('counter');
    binding.refresh(app);
    assert.equal(await count(), first + 1);
    assert.equal(await count(), first + 1);
    binding.inScope(BindingScope.TRANSIENT);
    assert.equal(await count(), first + 2);
    assert.equal(await count(), first + 3);
  });

  it('what a provider injects, and the provider itself', async () => {
    await using given = await givenNotes(app =>
      app.bind('text').toProvider(TextProvider),
    );
    const {app, client} = given;
    const provided = async () => (await client.call('provided')).result as string;
    assert.equal(await provided(), 'provided none');
    app.bind('greeting').to('Hello');
    assert.equal(await provided(), 'provided Hello');
    app.bind('text').toAlias('greeting');
    assert.equal(await provided(), 'Hello');
  });

  it('the controller’s scope', async () => {
    await using given = await givenNotes();
    const {client, controller} = given;
    const calledOn = async () => (await client.call('calledOn')).result as number;
    assert.deepEqual([await calledOn(), await calledOn()], [1, 1]);
    controller.inScope(BindingScope.SINGLETON);
    assert.deepEqual([await calledOn(), await calledOn()], [1, 2]);
    controller.inScope(BindingScope.TRANSIENT);
    assert.deepEqual([await calledOn(), await calledOn()], [1, 1]);
  });

  it('a global interceptor is bound, given another value, retagged, unbound', async () => {
    await using given = await givenNotes();
    const {app, client} = given;
    const greet = async () => (await client.call('greet')).result as string;
    assert.equal(await greet(), 'none nobody');
    app.interceptor(adding('one'), {key: 'one', group: 'a', global: true});
    assert.equal(await greet(), 'none nobody one');
    app.interceptor(adding('two'), {key: 'two', group: 'b', global: true});
    // Groups run in alphabetical order, and what runs first answers last.
    assert.equal(await greet(), 'none nobody two one');
    app.getBinding('one').tag({[ContextTags.GLOBAL_INTERCEPTOR_GROUP]: 'c'});
    assert.equal(await greet(), 'none nobody one two');
    app.getBinding('two').to(adding('three'));
    assert.equal(await greet(), 'none nobody one three');
    app.unbind('one');
    assert.equal(await greet(), 'none nobody three');
    app.unbind('two');
    assert.equal(await greet(), 'none nobody');
  });

  it('what an interceptor injects', async () => {
    await using given = await givenNotes(app => app.interceptor(WordInterceptor));
    const {app, client} = given;
    const greet = async () => (await client.call('greet')).result as string;
    assert.equal(await greet(), 'none nobody none');
    app.bind('word').to('first');
    assert.equal(await greet(), 'none nobody first');
    app.getBinding('word').to('second');
    assert.equal(await greet(), 'none nobody second');
    app.unbind('word');
    assert.equal(await greet(), 'none nobody none');
  });
});
