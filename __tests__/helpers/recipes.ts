import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {runInThisContext} from 'node:vm';
import {TokenServiceBindings} from '@loopback/authentication-jwt';
import type {RestApplication} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {io} from 'socket.io-client';
import type {ManagerOptions, Socket, SocketOptions} from 'socket.io-client';
import * as ts from 'typescript';
import * as clientPackage from 'loopback4-socket-client';
import type {SocketClientOptions} from 'loopback4-socket-client';

const ROOT = join(__dirname, '../..');

const execute = promisify(execFile);

/** The longest time, in ms, until a client prints the lines of the document. */
const PATIENCE = 5000;

/** Where the clients of the document find the server. */
const URL_IN_DOCUMENT = 'http://127.0.0.1:3000';

/** The application of `lb4 app hello`, with the one line of docs/get-started.md. */
const APPLICATION = `import {BootMixin} from '@loopback/boot';
import {ApplicationConfig} from '@loopback/core';
import {RepositoryMixin} from '@loopback/repository';
import {RestApplication} from '@loopback/rest';
import {ServiceMixin} from '@loopback/service-proxy';
import {SocketComponent} from 'loopback4-socket';
import path from 'path';

export class HelloApplication extends BootMixin(
  ServiceMixin(RepositoryMixin(RestApplication)),
) {
  constructor(options: ApplicationConfig = {}) {
    super(options);
    this.component(SocketComponent);
    this.static('/', path.join(__dirname, '../public'));
    this.projectRoot = __dirname;
    this.bootOptions = {
      controllers: {dirs: ['controllers'], extensions: ['.controller.js'], nested: true},
    };
  }
}
`;

/** Settings of an application made by `lb4 app`. */
const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2020,
  lib: ['lib.es2020.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.CommonJS,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- what `lb4 app` sets
  moduleResolution: ts.ModuleResolutionKind.Node10,
  ignoreDeprecations: '6.0',
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  resolveJsonModule: true,
  strict: true,
  strictPropertyInitialization: false,
  useUnknownInCatchVariables: false,
  noImplicitAny: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  useDefineForClassFields: false,
  skipLibCheck: true,
};

/** Settings of a front end: a bundler's, without decorators and without types of Node. */
const FRONT_END_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  jsx: ts.JsxEmit.ReactJSX,
  isolatedModules: true,
  strict: true,
  noUnusedLocals: true,
  skipLibCheck: true,
  noEmit: true,
};

/** True for a file of the front end, beside the server's `src`. */
const isFrontEnd = (file: string) => /^web\/.*\.tsx?$/.test(file);

/** One code block, and the file that the line above it names. */
interface Snippet {
  readonly action: 'file' | 'add to';
  readonly file: string;
  readonly code: string;
}

export interface Recipe {
  readonly name: string;
  /** The recipe whose application this one goes on from. */
  readonly after?: string;
  /** False for one that is only compiled here. */
  readonly isRun: boolean;
  readonly snippets: readonly Snippet[];
}

/** The recipes of a document. Each of its code blocks must belong to one, and to a file. */
export function readRecipes(document: string): Recipe[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const recipes = text
    .split(/^(?=<!-- recipe: )/m)
    .slice(1)
    .map(section => {
      const [, name, after, notRun] =
        /^<!-- recipe: (\S+?)(?:, after: (\S+?))?(, not run)? -->/.exec(section) ?? [];
      const blocks = section.matchAll(/^(Add to )?`(\S+)`:\s+```\w+\n([\s\S]*?)```/gm);
      const snippets = [...blocks].map(([, add, file, code]): Snippet => ({
        action: add ? 'add to' : 'file',
        file,
        code,
      }));
      return {name, after, isRun: !notRun, snippets};
    });
  const count = recipes.flatMap(({snippets}) => snippets).length;
  assert.equal(count, [...text.matchAll(/^```\w/gm)].length, 'a code block has no file');
  return recipes;
}

/** An application that a client can call. */
interface Started {
  readonly app: RestApplication;
  readonly url: string;
  stop(): Promise<void>;
}

/** Recipes in a folder of their own; removed by `using`. */
export class Kitchen implements Disposable {
  readonly folder: string;

  constructor(readonly recipes: readonly Recipe[]) {
    const parent = join(ROOT, 'dist-test');
    mkdirSync(parent, {recursive: true});
    this.folder = mkdtempSync(join(parent, 'recipes-'));
    for (const {name} of recipes) {
      for (const [file, code] of this.files(name)) {
        const path = join(this.folder, name, file);
        mkdirSync(dirname(path), {recursive: true});
        writeFileSync(path, code);
      }
    }
  }

  /** Compiles all of them at once; gives what the compiler has to say. */
  compile(): string[] {
    const sources = this.recipes.flatMap(({name}) =>
      [...this.files(name).keys()]
        .filter(file => /\.tsx?$/.test(file))
        .map(file => ({path: join(this.folder, name, file), frontEnd: isFrontEnd(file)})),
    );
    const pathsOf = (frontEnd: boolean) =>
      sources.filter(source => source.frontEnd === frontEnd).map(({path}) => path);
    return [
      ...this.problemsOf(pathsOf(false), COMPILER_OPTIONS),
      ...this.problemsOf(pathsOf(true), FRONT_END_OPTIONS),
    ];
  }

  private problemsOf(paths: string[], options: ts.CompilerOptions): string[] {
    const program = ts.createProgram(paths, options);
    const {diagnostics} = program.emit();
    return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(
      ({file, start = 0, messageText}) => {
        const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
        const place = file?.fileName.slice(this.folder.length + 1) ?? '';
        return `${place}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
  }

  /**
   * Starts the application of a recipe, and holds its clients to what their comments say; then runs its own
   * tests. It has one of both at least. Clients are `client.mjs` and each file of its front end that prints.
   */
  async serve(name: string): Promise<void> {
    const files = this.files(name);
    const tests = [...files.keys()].filter(file => file.endsWith('.acceptance.ts'));
    const clients = this.named(name)
      .snippets.filter(({file, code}) => isFrontEnd(file) && code.includes('console.log'))
      .map(({file}) => file);
    if (files.has('client.mjs')) clients.push('client.mjs');
    assert(clients.length + tests.length > 0, `${name} shows nothing`);
    for (const file of clients) await this.run(name, file);
    for (const file of tests) await this.test(name, file.replace(/\.ts$/, '.js'));
  }

  private async run(name: string, client: string): Promise<void> {
    const started = await this.start(name);
    const {app, url} = started;
    const clients = new Clients();
    try {
      const files = this.files(name);
      const script = new Script(client, files.get(client) ?? '');
      Object.assign(globalThis, {
        recipe: {
          ...clientPackage,
          SocketClient: clients.Tracked,
          io: (at: string, options?: object) => clients.connect(at, options),
          print: (at: number, value: unknown) => script.print(at, value),
          ...(await givenTokens(app)),
        },
      });
      const running = mkdtempSync(join(this.folder, name, 'running-'));
      const write = (file: string, code: string) => {
        const path = join(running, file.replace(/\.ts$/, '.mjs'));
        mkdirSync(dirname(path), {recursive: true});
        writeFileSync(path, code.replaceAll(URL_IN_DOCUMENT, url));
        return pathToFileURL(path).href;
      };
      for (const [file, code] of files) {
        if (isFrontEnd(file) || file.endsWith('.mjs')) write(file, runnable(code));
      }
      await import(write(client, runnable(script.code)));
      await script.done();
    } finally {
      await clients.close();
      await started.stop();
    }
  }

  /** Runs a test of a recipe's in a process of its own, as its reader would. */
  private async test(name: string, file: string): Promise<void> {
    const {NODE_TEST_CONTEXT: _, ...env} = process.env;
    const args = ['--test', '--test-reporter=spec', join(this.folder, name, file)];
    const {stdout} = await execute(process.execPath, args, {env, timeout: 60_000}).catch(
      (failure: unknown) => failure as {stdout: string},
    );
    assert.match(stdout, /^ℹ pass [1-9]/m, stdout);
    assert.match(stdout, /^ℹ fail 0$/m, stdout);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, {recursive: true});
  }

  /** Starts the application, or the Express server that a recipe puts around it. */
  async start(name: string): Promise<Started> {
    const load = (file: string) =>
      import(pathToFileURL(join(this.folder, name, file)).href);
    const config = {rest: {port: 0, host: '127.0.0.1'}};
    if (this.files(name).has('src/server.ts')) {
      const {ExpressServer} = await load('src/server.js');
      const server = new ExpressServer(config);
      await server.start();
      const {port} = server.server.address();
      const stop = () => server.stop();
      return {app: server.lbApp, url: `http://127.0.0.1:${port}`, stop};
    }
    const {HelloApplication} = await load('src/application.js');
    const app = new HelloApplication(config);
    await app.boot();
    await app.start();
    return {app, url: app.restServer.url ?? '', stop: () => app.stop()};
  }

  /** Files of a recipe, those of the recipes that it goes on from included. */
  private files(name: string): Map<string, string> {
    const recipe = this.named(name);
    const files = recipe.after
      ? this.files(recipe.after)
      : new Map([['src/application.ts', APPLICATION]]);
    for (const {action, file, code} of recipe.snippets) {
      const added = action === 'file' ? code : insert(files.get(file) ?? '', code);
      files.set(file, added);
    }
    return files;
  }

  private named(name: string): Recipe {
    const recipe = this.recipes.find(one => one.name === name);
    assert(recipe, `no recipe is named ${name}`);
    return recipe;
  }
}

/** The code of a client as Node runs it: without types, and with what the test gives in place of imports. */
function runnable(code: string): string {
  const {outputText} = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
    },
  });
  return outputText
    .replaceAll(
      /^import (\{[^}]*\}) from '(?:socket\.io|loopback4-socket)-client';$/gm,
      'const $1 = globalThis.recipe;',
    )
    .replaceAll(/ from '(\.[^']*?)(?:\.mjs)?'/g, " from '$1.mjs'");
}

/** The sockets of a client. */
class Clients {
  /** `SocketClient`, closed at the end. */
  readonly Tracked: typeof clientPackage.SocketClient;
  private readonly clients: clientPackage.SocketClient[] = [];
  private readonly sockets: Socket[] = [];
  private closed = false;

  constructor() {
    const {clients} = this;
    this.Tracked = class extends clientPackage.SocketClient {
      constructor(url: string, options?: SocketClientOptions) {
        super(url, options);
        clients.push(this);
      }
    } as typeof clientPackage.SocketClient;
  }

  connect(url: string, options?: Partial<ManagerOptions & SocketOptions>): Socket {
    const socket = io(url, {forceNew: true, transports: ['websocket'], ...options});
    const emitWithAck = socket.emitWithAck.bind(socket);
    // An answer that a closed client still waited for is no failure.
    socket.emitWithAck = (name: string, ...args: any[]) =>
      emitWithAck(name, ...args).catch((error: unknown) => {
        if (!this.closed) throw error;
        return new Promise(() => undefined);
      });
    this.sockets.push(socket);
    return socket;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const socket of this.sockets) socket.close();
    await Promise.all(this.clients.map(client => client.close()));
  }
}

/** Adds imports at the top of a file, and the rest after `super(options);`. */
function insert(source: string, code: string): string {
  const imports = /^import [\s\S]*?;\n/gm;
  const call = 'super(options);\n    this.component(SocketComponent);';
  assert(source.includes(call));
  const rest = code.replace(imports, '').trim();
  const added = source.replace(call, () => `${call}\n${rest}`);
  return `${(code.match(imports) ?? []).join('')}${added}`;
}

/** Tokens of two users, where the application has a token service. */
async function givenTokens(app: RestApplication) {
  const service = await app.get(TokenServiceBindings.TOKEN_SERVICE, {optional: true});
  const token = (id: string, name: string) =>
    service?.generateToken({[securityId]: id, name});
  return {tokenOfAna: await token('1', 'Ana'), tokenOfBen: await token('2', 'Ben')};
}

/** Stands for `…`: there may be more properties. */
const MORE = Symbol('…');

/** A client whose `console.log` has beside it, in a comment, what is printed. */
class Script {
  readonly code: string;
  private readonly printed: {what: string; expected: unknown[]; actual: unknown[]}[] = [];
  private succeed!: () => void;
  private fail!: (error: unknown) => void;
  private readonly finished = new Promise<void>((resolve, reject) => {
    this.succeed = resolve;
    this.fail = reject;
  });

  constructor(name: string, source: string) {
    const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
    const edits: [start: number, end: number, text: string][] = [];
    const visit = (node: ts.Node) => {
      if (ts.isCallExpression(node) && node.expression.getText() === 'console.log') {
        const {expression, end} = node;
        const at = this.printed.push(expectation(node.getText(), source.slice(end))) - 1;
        edits.push([expression.getStart(), expression.end + 1, `recipe.print(${at}, `]);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    assert.notEqual(this.printed.length, 0, 'the client prints nothing');
    let code = source;
    for (const [start, end, text] of edits.reverse()) {
      code = code.slice(0, start) + text + code.slice(end);
    }
    const tokens =
      name === 'client.mjs' ? 'const {tokenOfAna, tokenOfBen} = recipe;\n' : '';
    this.code = tokens + code;
  }

  print(at: number, value: unknown): void {
    const {what, expected, actual} = this.printed[at];
    const wanted = expected[actual.length];
    actual.push(value);
    try {
      assert(actual.length <= expected.length, `${what} prints once more`);
      assert.deepEqual(pruned(value, wanted), wanted, what);
    } catch (error) {
      this.fail(error);
    }
    if (this.missing.length === 0) this.succeed();
  }

  /** Settles when all has been printed, or something else. */
  async done(): Promise<void> {
    const timer = setTimeout(() => {
      this.fail(new Error(`Not printed: ${this.missing.join('; ')}`));
    }, PATIENCE);
    try {
      await this.finished;
    } finally {
      clearTimeout(timer);
    }
  }

  private get missing(): string[] {
    return this.printed
      .filter(({expected, actual}) => actual.length < expected.length)
      .map(({what}) => what);
  }
}

/** Reads what is printed from the comment that follows, on the same line or on the next ones. */
function expectation(what: string, rest: string) {
  const [, beside, below = ''] =
    /^[;)}\t ]*(?:\/\/ (.*)|\n((?:\s*\/\/ .*\n)+))/.exec(rest) ?? [];
  const comment = beside || below.replace(/^\s*\/\/ /gm, '').trim();
  assert(comment, `${what} says nothing of what is printed`);
  const values = comment.split(', then ');
  const code = values.join(',').replaceAll('…', '[MORE]: true');
  const expected = runInThisContext(`MORE => [${code}]`)(MORE) as unknown[];
  return {what, expected, actual: [] as unknown[]};
}

/** A value without the properties that the expected one leaves open. */
function pruned(value: any, expected: any): unknown {
  if (Array.isArray(value) && Array.isArray(expected)) {
    return value.map((item, at) => pruned(item, expected[at]));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (typeof expected !== 'object' || expected === null) return value;
  const kept = Object.entries(value)
    .filter(([key]) => key in expected || !(MORE in expected))
    .map(([key, item]) => [key, pruned(item, expected[key])]);
  return {...Object.fromEntries(kept), ...(MORE in expected && {[MORE]: true})};
}
