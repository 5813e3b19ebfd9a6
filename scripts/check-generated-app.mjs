// Follows the docs as a newcomer: an application made by `lb4 app`, the packed tarball,
// the snippets of docs/get-started.md, a first answered call; then SIGTERM with clients connected that have
// calls in flight.
// `node scripts/check-generated-app.mjs [--keep]`
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'generated-app-'));
const app = join(work, 'hello');
/** A controller whose calls and requests take a second. */
const SLOW = `import {get} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';

export class SlowController {
  @get('/slow')
  @socketMethod('slow')
  async slow() {
    await new Promise(resolve => setTimeout(resolve, 1000));
    return 'done';
  }
}
`;
/** Calls of each client that are in flight when the application is told to end. */
const IN_FLIGHT = 100;
let passed = 0;

try {
  const tarball = step('the package packs', () => {
    const [{filename}] = JSON.parse(
      npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', work),
    );
    return join(work, filename);
  });
  step('the LoopBack command line installs', () => {
    writeFileSync(join(work, 'package.json'), '{"private": true}');
    npm(work, 'install', '@loopback/cli@7', '--ignore-scripts');
  });
  const started = Date.now();
  step('`lb4 app` makes an application', () => {
    lb4(work, 'app', 'hello', {
      name: 'hello',
      description: 'A newcomer',
      outdir: 'hello',
      applicationName: 'HelloApplication',
      mocha: true,
      loopbackBuild: true,
      eslint: true,
      prettier: true,
      vscode: false,
      docker: false,
      repositories: true,
      services: true,
    });
  });
  step('`lb4 controller` makes a controller', () => {
    lb4(app, 'controller', undefined, {
      name: 'hello',
      controllerType: 'Empty Controller',
    });
  });
  step('the package and a client install', () => {
    npm(app, 'install', tarball, 'socket.io-client@4');
  });
  step('the snippets of docs/get-started.md go in', () => {
    for (const {action, file, code} of snippets('docs/get-started.md')) {
      if (action === 'file') writeFileSync(join(app, file), code);
      else insert(join(app, file), code);
    }
    writeFileSync(join(app, 'src/controllers/slow.controller.ts'), SLOW);
  });
  step('it compiles with its own TypeScript and settings', () =>
    npm(app, 'run', 'build'),
  );
  await asyncStep('it boots and answers the first call', async server => {
    const output = run(app, process.execPath, 'client.js', server.url);
    assert.match(output, /\{ result: 'Hello world' \}/);
  });
  console.log(`  newcomer's path: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  step('its types compile without skipLibCheck of ours', () => checkOwnTypes());
  await asyncStep(
    'it stops on SIGTERM: answers what is in flight, and clients come back by themselves',
    async server => {
      const {io} = createRequire(join(app, 'package.json'))('socket.io-client');
      const sockets = ['websocket', 'polling'].map(transport =>
        io(server.url, {
          transports: [transport],
          forceNew: true,
          auth: {token: 'secret'},
        }),
      );
      await Promise.all(sockets.map(socket => once(socket, 'authenticated')));
      const gone = sockets.map(socket => once(socket, 'disconnect'));
      const request = fetch(`${server.url}/slow`).then(response => response.text());
      const calls = sockets.flatMap(socket =>
        Array.from({length: IN_FLIGHT}, () => socket.emitWithAck('slow')),
      );
      // Those of a client arrive in order.
      for (const socket of sockets) await socket.emitWithAck('none');
      const exited = once(server.child, 'exit');
      server.child.kill('SIGTERM');
      for (const answer of await Promise.all(calls)) {
        assert.deepEqual(answer, {result: 'done'});
      }
      assert.equal(await request, 'done');
      const [code, signal] = await exited;
      // A client that sees a transport close comes back by itself.
      for (const [reason] of await Promise.all(gone)) assert.match(reason, /^transport/);
      for (const socket of sockets) socket.close();
      // LoopBack stops the application, then sends itself the signal again.
      assert.deepEqual([code, signal], [null, 'SIGTERM']);
      assert.doesNotMatch(server.output(), /error/i);
    },
  );
  console.log(`${passed} passed, 0 failed`);
} finally {
  if (process.argv.includes('--keep')) console.log(work);
  else rmSync(work, {recursive: true, force: true});
}

function step(name, action) {
  const started = Date.now();
  try {
    const result = action();
    report(name, started);
    return result;
  } catch (error) {
    fail(name, error);
  }
}

/** A step with a running application. */
async function asyncStep(name, action) {
  const started = Date.now();
  try {
    const server = await start();
    try {
      await action(server);
    } finally {
      await server.stop();
    }
    report(name, started);
  } catch (error) {
    fail(name, error);
  }
}

function report(name, started) {
  passed++;
  console.log(`✔ ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

function fail(name, error) {
  console.error(`✖ ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  console.log(`${passed} passed, 1 failed`);
  throw error;
}

function run(cwd, command, ...args) {
  return execFileSync(command, args, {cwd, encoding: 'utf8', stdio: 'pipe'});
}

function npm(cwd, ...args) {
  return run(cwd, 'npm', ...args, '--no-audit', '--no-fund', '--loglevel=error');
}

function lb4(cwd, generator, name, config) {
  const cli = join(work, 'node_modules', '.bin', 'lb4');
  const args = [generator, ...(name ? [name] : []), '--config', JSON.stringify(config)];
  return run(cwd, cli, ...args, '--skip-install', '--yes');
}

/** The code blocks that a comment above them sends to a file. */
function snippets(document) {
  const text = readFileSync(join(root, document), 'utf8');
  const pattern = /^(Add to )?`(\S+)`:\s+```\w+\n([\s\S]*?)```/gm;
  return [...text.matchAll(pattern)].map(([, add, file, code]) => ({
    action: add ? 'add to' : 'file',
    file,
    code,
  }));
}

/** Adds imports at the top of a file, and the rest after `super(options);`. */
function insert(file, code) {
  const lines = code.split('\n').filter(line => line !== '');
  const imports = lines.filter(line => line.startsWith('import '));
  const rest = lines.filter(line => !line.startsWith('import '));
  const source = readFileSync(file, 'utf8');
  const call = 'super(options);';
  assert(source.includes(call), `${file} has no ${call}`);
  writeFileSync(
    file,
    [...imports, source.replace(call, [call, ...rest].join('\n    '))].join('\n'),
  );
}

/** Copies our declarations into the application's sources, where skipLibCheck does not reach. */
function checkOwnTypes() {
  const types = join(app, 'node_modules', 'loopback4-socket', 'dist');
  writeFileSync(
    join(app, 'tsconfig.types.json'),
    JSON.stringify({
      extends: './tsconfig.json',
      compilerOptions: {
        noEmit: true,
        skipLibCheck: false,
        composite: false,
        types: ['node'],
      },
      include: ['src/controllers/hello.controller.ts'],
    }),
  );
  const args = ['tsc', '-p', 'tsconfig.types.json', '--pretty', 'false'];
  let output = '';
  try {
    output = run(app, 'npx', ...args);
  } catch (error) {
    output = String(error.stdout);
  }
  const ours = output.split('\n').filter(line => line.includes('loopback4-socket/'));
  assert.deepEqual(ours, [], types);
}

async function start() {
  const env = {...process.env, PORT: '0', HOST: '127.0.0.1'};
  const child = spawn(process.execPath, ['.'], {
    cwd: app,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', chunk => (output += chunk));
  const lines = createInterface({input: child.stdout});
  const url = await Promise.race([
    (async () => {
      for await (const line of lines) {
        const found = /running at (\S+)/.exec(line);
        if (found) return found[1];
      }
      throw new Error(`The application ended: ${output}`);
    })(),
    once(child, 'exit').then(() => Promise.reject(new Error(`It exited: ${output}`))),
  ]);
  return {
    child,
    url,
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
