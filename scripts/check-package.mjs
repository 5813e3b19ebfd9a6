// Checks the installed package for consumers without LoopBack's tools: CommonJS and ES modules at run
// time, and types under each of TypeScript's ways to resolve them.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'package-'));
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

try {
  let tarball = '';
  step('the package packs what it needs and nothing else', () => {
    const packed = npm(
      root,
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      work,
    );
    const [{filename, files}] = JSON.parse(packed);
    tarball = join(work, filename);
    const names = files.map(file => file.path);
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
      /__tests__|example|tsbuildinfo|^scripts|^\.ci/.test(name),
    );
    assert.deepEqual(stray, []);
  });
  step('publint finds nothing', () => {
    run(
      root,
      process.execPath,
      join('node_modules', 'publint', 'src', 'cli.js'),
      tarball,
      '--strict',
    );
  });
  step('it installs, with its peers', () => {
    writeFileSync(join(work, 'package.json'), '{"private": true}');
    npm(work, 'install', tarball, 'socket.io-client@4', '@types/node@20');
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
      const kit = /socket\\.io-client|loopback4-socket.dist.testing/;
      console.log(Object.keys(require.cache).filter(file => kit.test(file)).length);
      require('loopback4-socket/testing');
      console.log(Object.keys(require.cache).some(file => kit.test(file)));`;
    assert.equal(script('loaded.cjs', listing), '0\ntrue');
  });
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
  }
  console.log(`${passed} passed, 0 failed`);
} finally {
  rmSync(work, {recursive: true, force: true});
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
