// Checks the installed packages for consumers without LoopBack's tools: CommonJS and ES modules at run
// time, and types under each of TypeScript's ways to resolve them; the client's also without LoopBack.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {
  existsSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'package-'));
/** A front end, where no LoopBack is installed. */
const front = mkdtempSync(join(tmpdir(), 'front-end-'));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
let passed = 0;

const APPLICATION = `
const app = new Application();
app.component(SocketComponent);
app.configure(SocketBindings.COMPONENT).to({http: {port: 0, host: '127.0.0.1'}});
`;

const CALL = `
app.start().then(async () => {
  const socket = io(server.url, {transports: ['websocket']});
  socket.on('connect', () => socket.emit('authentication', {}));
  socket.on('authenticated', async () => {
    console.log(JSON.stringify(await socket.emitWithAck('twice', {value: 21})));
    socket.close();
    await app.stop();
  });
});
`;

const SERVER = `
${APPLICATION}
const server = SocketServer.get(app, 'chat', {anonymous: true});
server.defineMethod('twice', (socket, credentials, args) => args.value * 2);
${CALL}`;

/** The test kit, in an application whose own authentication refuses everyone. */
const KIT = `
class App extends Application {
  constructor(options) {
    super(options);
    this.component(SocketComponent);
    this.configure(SocketBindings.COMPONENT).to({http: {port: 1}});
    const server = SocketServer.get(this);
    server.auth(() => false);
    server.defineMethod('twice', (socket, credentials, args) => args.value * 2);
  }
}
givenSocketApp(App).then(async app => {
  const ana = await app.client({user: {id: 1}});
  const caller = app.caller({user: {id: 2}});
  console.log(await ana.call.twice({value: 21}), await caller.twice({value: 1}));
  await app.stop();
});
`;

const TYPED = `
import {SocketComponent, SocketServer, socketAuth, socketMethod} from 'loopback4-socket';
import type {Reply} from 'loopback4-socket';
import {givenSocketApp} from 'loopback4-socket/testing';
import type {GivenSocketApp, TestCalls} from 'loopback4-socket/testing';
export const given: typeof givenSocketApp = givenSocketApp;
export function callsOf(app: GivenSocketApp): TestCalls<{say(args: string): number}> {
  return app.caller();
}
export async function call(app: GivenSocketApp): Promise<number> {
  // @ts-expect-error the types are there, so this is no any
  await callsOf(app).say(17);
  return callsOf(app).say('Hello');
}
export class Controller {
  @socketAuth()
  user(socket: unknown, credentials: {token: string}): {token: string} {
    return credentials;
  }
  @socketMethod('twice')
  twice(socket: unknown, credentials: unknown, args: {value: number}): number {
    return args.value * 2;
  }
}
export const component: typeof SocketComponent = SocketComponent;
export const name: string = SocketServer.prototype.name;
export const reply: Reply<number> = {result: 1};
// @ts-expect-error the types are there, so this is no any
export const wrong: Reply<number> = {result: 'one'};
`;

/** Its import is kept whole, as swc does and TypeScript with `verbatimModuleSyntax`: each name must exist. */
const VERBATIM = `
import {Application} from '@loopback/core';
import {
  Socket, SocketBindings, SocketComponent, SocketServer, socketAuth, socketMethod,
} from 'loopback4-socket';
import {io} from 'socket.io-client';
class Controller {
  @socketAuth()
  user(socket: Socket): boolean {
    return socket instanceof Socket;
  }
  @socketMethod('twice')
  twice(socket: Socket, credentials: unknown, args: {value: number}): number {
    return args.value * 2;
  }
}
${APPLICATION}
app.controller(Controller);
const server = SocketServer.get(app);
${CALL}`;

/** Calls the server of APPLICATION with the client. */
const CLIENT = `
${APPLICATION}
const server = SocketServer.get(app, 'chat', {anonymous: true});
server.defineMethod('twice', (socket, credentials, args) => args.value * 2);
app.start().then(async () => {
  const client = new SocketClient(server.url);
  console.log(await client.call.twice({value: 21}, {id: true}));
  const error = await client.call.missing().catch(caught => caught);
  console.log(error instanceof CallError, error.code);
  await client.close();
  await app.stop();
});
`;

/** A controller whose emitted declarations a front end imports. */
const CONTROLLER = `
import {inject} from '@loopback/core';
import {RestBindings, Request} from '@loopback/rest';
import {Socket, socketMethod} from 'loopback4-socket';
export class OrdersController {
  constructor(@inject(RestBindings.Http.REQUEST, {optional: true}) readonly request?: Request) {}
  @socketMethod()
  async find(socket: Socket, credentials: unknown, args: {limit: number}) {
    return [{id: args.limit, placed: new Date()}];
  }
}`;

const FRONT_END = `
import {SocketClient} from 'loopback4-socket-client';
import type {CallsOf} from 'loopback4-socket-client';
import type {OrdersController} from './orders';
const client = new SocketClient<CallsOf<OrdersController, 'find'>, {said(text: string): void}>('http://localhost', {
  credentials: async reason => ({token: reason}),
});
export async function orders(): Promise<string[]> {
  client.on('said', text => text.length);
  const found = await client.call.find({limit: 3}, {timeout: 5, id: true});
  return found.map(({placed}) => placed);
}
// @ts-expect-error wrong args
client.call.find({limit: 'three'});
// @ts-expect-error no such method
client.call.nope();
// @ts-expect-error wrong payload
client.on('said', (text: number) => text);
`;

const TYPED_CLIENT = `
import {SocketClient} from 'loopback4-socket-client';
interface Api { find(args: {limit: number}): string[] }
interface Events { said(text: string): void }
const client = new SocketClient<Api, Events>('http://localhost');
`;

const REACT = `
import {useSocketConnection, useSocketEvent} from 'loopback4-socket-client/react';
import {queriesOf} from 'loopback4-socket-client/tanstack';
import {useQuery} from '@tanstack/react-query';
${TYPED_CLIENT}
export function Page(): string | undefined {
  const state: 'idle' | string = useSocketConnection(client);
  useSocketEvent(client, 'said', text => text.length);
  const {data} = useQuery(queriesOf(client).find.queryOptions({limit: 1}));
  return data?.[0].concat(state);
}
// @ts-expect-error wrong payload
useSocketEvent(client, 'said', (text: number) => text);
// @ts-expect-error wrong args
queriesOf(client).find.queryOptions({limit: 'one'});
`;

const ANGULAR = `
import {fromEvent, outsideZone, socketState} from 'loopback4-socket-client/angular';
import type {Signal} from '@angular/core';
${TYPED_CLIENT}
export const state: Signal<string> = socketState(outsideZone(client));
export const said: Signal<string> = fromEvent(client, 'said', {initialValue: ''});
// @ts-expect-error wrong payload
export const wrong: Signal<number> = fromEvent(client, 'said', {initialValue: ''});
`;

try {
  let tarball = '';
  let clientTarball = '';
  step('all packages have one version', () => {
    const [server, client] = ['.', 'client'].map(folder =>
      JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    );
    assert.equal(client.version, server.version);
    assert.equal(server.peerDependencies[client.name], `^${client.version}`);
  });
  step('the package packs what it needs and nothing else', () => {
    const {path, names} = pack(root);
    tarball = path;
    for (const name of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/testing/index.js',
      'dist/testing/index.d.ts',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ]) {
      assert(names.includes(name), `${name} is missing`);
    }
    const stray = names.filter(name =>
      /__tests__|example|^client|tsbuildinfo|^scripts|^\.ci/.test(name),
    );
    assert.deepEqual(stray, []);
  });
  step("the client's package packs what it needs and nothing else", () => {
    const {path, names} = pack(join(root, 'client'));
    clientTarball = path;
    assert.deepEqual(names.sort(), [
      'LICENSE',
      'README.md',
      'dist/angular.d.ts',
      'dist/angular.js',
      'dist/angular.js.map',
      'dist/client.browser.js',
      'dist/command.js',
      ...['index', 'react', 'tanstack'].flatMap(name => [
        `dist/${name}.cjs`,
        `dist/${name}.cjs.map`,
        `dist/${name}.d.cts`,
        `dist/${name}.d.ts`,
        `dist/${name}.js`,
        `dist/${name}.js.map`,
      ]),
      'package.json',
    ]);
  });
  step('publint finds nothing', () => {
    const publint = join('node_modules', 'publint', 'src', 'cli.js');
    for (const one of [tarball, clientTarball]) {
      run(root, process.execPath, publint, one, '--strict');
    }
  });
  step('it installs, with its peers', () => {
    writeFileSync(join(work, 'package.json'), '{"private": true}');
    npm(work, 'install', tarball, clientTarball, 'socket.io-client@4', '@types/node@20');
    writeFileSync(join(front, 'package.json'), '{"private": true}');
    npm(front, 'install', clientTarball);
  });
  step('a CommonJS consumer is answered', () => {
    const imports = `
      const {Application} = require('@loopback/core');
      const {SocketBindings, SocketComponent, SocketServer} = require('loopback4-socket');
      const {io} = require('socket.io-client');`;
    assert.equal(script('consumer.cjs', imports + SERVER), '{"result":42}');
  });
  step('an ES module consumer is answered', () => {
    const imports = `
      import {Application} from '@loopback/core';
      import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';
      import {io} from 'socket.io-client';`;
    assert.equal(script('consumer.mjs', imports + SERVER), '{"result":42}');
  });
  step('the test kit serves CommonJS and ES modules', () => {
    const commonjs = `
      const {Application} = require('@loopback/core');
      const {SocketBindings, SocketComponent, SocketServer} = require('loopback4-socket');
      const {givenSocketApp} = require('loopback4-socket/testing');`;
    assert.equal(script('kit.cjs', commonjs + KIT), '42 2');
    const modules = `
      import {Application} from '@loopback/core';
      import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';
      import {givenSocketApp} from 'loopback4-socket/testing';`;
    assert.equal(script('kit.mjs', modules + KIT), '42 2');
  });
  step('the test kit is loaded only when it is imported', () => {
    const listing = `
      require('loopback4-socket');
      const kit = /socket(\\.io)?-client|loopback4-socket.dist.testing/;
      console.log(Object.keys(require.cache).filter(file => kit.test(file)).length);
      require('loopback4-socket/testing');
      console.log(Object.keys(require.cache).some(file => kit.test(file)));`;
    assert.equal(script('loaded.cjs', listing), '0\ntrue');
  });
  step("the client's package works by require", () => {
    const imports = `
      const {Application} = require('@loopback/core');
      const {SocketBindings, SocketComponent, SocketServer} = require('loopback4-socket');
      const {CallError, SocketClient} = require('loopback4-socket-client');`;
    assert.equal(script('client.cjs', imports + CLIENT), '42\ntrue METHOD_NOT_FOUND');
  });
  step("the client's package works by import", () => {
    const imports = `
      import {Application} from '@loopback/core';
      import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';
      import {CallError, SocketClient} from 'loopback4-socket-client';`;
    assert.equal(script('client.mjs', imports + CLIENT), '42\ntrue METHOD_NOT_FOUND');
  });
  step("the client's file for browsers imports nothing", () => {
    const file = 'node_modules/loopback4-socket-client/dist/client.browser.js';
    assert.doesNotMatch(readFileSync(join(front, file), 'utf8'), /\b(from|import) ?["']/);
  });
  step("the client's entry for TanStack Query needs no framework", () => {
    const use = `console.log(typeof queriesOf({}).find.queryOptions().queryFn);`;
    const entry = "'loopback4-socket-client/tanstack'";
    const required = `const {queriesOf} = require(${entry});${use}`;
    const imported = `import {queriesOf} from ${entry};${use}`;
    writeFileSync(join(front, 'queries.cjs'), required);
    writeFileSync(join(front, 'queries.mjs'), imported);
    for (const file of ['queries.cjs', 'queries.mjs']) {
      assert.equal(run(front, process.execPath, file).trim(), 'function');
    }
    assert(!existsSync(join(front, 'node_modules', 'react')));
    assert(!existsSync(join(front, 'node_modules', '@angular')));
  });
  step('frameworks install beside the client', () => {
    const react = ['react@19', '@types/react@19', '@tanstack/react-query@5'];
    npm(front, 'install', ...react, '@angular/core@20');
  });
  step(
    "the client's entries for frameworks load by import, and by require where they can",
    () => {
      const names = ['react', 'tanstack', 'angular'];
      const all = names.map(name => `import 'loopback4-socket-client/${name}';`);
      writeFileSync(join(front, 'entries.mjs'), all.join('\n'));
      run(front, process.execPath, 'entries.mjs');
      const some = ['react', 'tanstack'].map(
        name => `require('loopback4-socket-client/${name}');`,
      );
      writeFileSync(join(front, 'entries.cjs'), some.join('\n'));
      run(front, process.execPath, 'entries.cjs');
    },
  );
  step(
    'a type of a decorated method is a value for compilers that keep its import',
    () => {
      writeFileSync(join(work, 'verbatim.mts'), VERBATIM);
      const options = ['--verbatimModuleSyntax', '--experimentalDecorators'];
      const metadata = ['--emitDecoratorMetadata', '--skipLibCheck', '--strict'];
      const target = ['--target', 'es2022', '--module', 'node16', '--types', 'node'];
      const all = [...options, ...metadata, ...target, 'verbatim.mts'];
      run(work, process.execPath, tsc, ...all);
      assert.equal(run(work, process.execPath, 'verbatim.mjs').trim(), '{"result":42}');
    },
  );
  const resolutions = {
    node: [
      '--module',
      'commonjs',
      '--moduleResolution',
      'node10',
      '--ignoreDeprecations',
      '6.0',
    ],
    node16: ['--module', 'node16', '--moduleResolution', 'node16'],
    bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
  };
  for (const [name, options] of Object.entries(resolutions)) {
    step(`types are found under moduleResolution ${name}`, () => {
      writeFileSync(join(work, 'consumer.ts'), TYPED);
      const common = [
        '--noEmit',
        '--strict',
        '--experimentalDecorators',
        '--skipLibCheck',
      ];
      const target = ['--target', 'es2022', '--types', 'node', '--esModuleInterop'];
      run(work, process.execPath, tsc, ...common, ...target, ...options, 'consumer.ts');
    });
    step(`a front end knows the server's methods under moduleResolution ${name}`, () => {
      const strict = ['--strict', '--skipLibCheck', '--target', 'es2022'];
      writeFileSync(join(work, 'orders.ts'), CONTROLLER);
      const emit = ['--declaration', '--emitDeclarationOnly', '--types', 'node'];
      const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
      const node16 = ['--module', 'node16'];
      const orders = [...strict, ...emit, ...decorators, ...node16, 'orders.ts'];
      run(work, process.execPath, tsc, ...orders);
      copyFileSync(join(work, 'orders.d.ts'), join(front, 'orders.d.ts'));
      writeFileSync(join(front, 'front-end.ts'), FRONT_END);
      const browser = ['--noEmit', '--lib', 'es2022,dom'];
      run(
        front,
        process.execPath,
        tsc,
        ...strict,
        ...browser,
        ...options,
        'front-end.ts',
      );
    });
    step(`entries for frameworks are typed under moduleResolution ${name}`, () => {
      // Angular has ES modules only.
      const angular = name === 'node16' ? 'angular.mts' : 'angular.ts';
      writeFileSync(join(front, 'react.ts'), REACT);
      writeFileSync(join(front, angular), ANGULAR);
      const strict = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
      const files = ['--lib', 'es2022,dom', 'react.ts', angular];
      run(front, process.execPath, tsc, ...strict, ...options, ...files);
    });
  }
  console.log(`${passed} passed, 0 failed`);
} finally {
  rmSync(work, {recursive: true, force: true});
  rmSync(front, {recursive: true, force: true});
}

/** Packs the package of a folder; returns the tarball and the names of the files in it. */
function pack(folder) {
  const options = ['--json', '--ignore-scripts', '--pack-destination', work];
  const [{filename, files}] = JSON.parse(npm(folder, 'pack', ...options));
  return {path: join(work, filename), names: files.map(file => file.path)};
}

function step(name, action) {
  try {
    action();
  } catch (error) {
    console.error(`✖ ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    console.log(`${passed} passed, 1 failed`);
    throw error;
  }
  passed++;
  console.log(`✔ ${name}`);
}

function script(name, source) {
  writeFileSync(join(work, name), source);
  return run(work, process.execPath, name).trim();
}

function run(cwd, command, ...args) {
  return execFileSync(command, args, {cwd, encoding: 'utf8', stdio: 'pipe'});
}

function npm(cwd, ...args) {
  return run(cwd, 'npm', ...args, '--no-audit', '--no-fund', '--loglevel=error');
}
