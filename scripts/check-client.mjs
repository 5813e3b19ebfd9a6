// Checks the packed client where no LoopBack is installed: it runs by `import` and by `require` against the packed
// server; front ends (`client/__tests__/types`) compile with each supported TypeScript against it, against the
// declarations of a server's controllers, and against types that its command writes of a server's document; publint and
// attw find no mistake in the package.
// `node scripts/check-client.mjs [--keep]`
import assert from 'node:assert/strict';
import {execFile, fork} from 'node:child_process';
import {once} from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {inferredCalls} from './client/inferred-calls.mjs';
import {
  DOCUMENT,
  FRONT_ENDS,
  OUTCOME,
  SERVER,
  TYPED_BY_DOCUMENT,
} from './client/programs.mjs';

/** The compilers of front ends, and the values of `moduleResolution` that each has. */
const COMPILERS = {
  4.9: ['node', 'node16'],
  5.2: ['node', 'node16', 'bundler'],
  5.9: ['node', 'node16', 'bundler'],
  '6.0': ['node16', 'bundler'],
  7: ['node16', 'bundler'],
};
/** Projects by `moduleResolution`: the folder, whose package has that type, and options. */
const PROJECTS = {
  node: [{type: 'commonjs', options: {module: 'commonjs'}}],
  node16: [
    {type: 'commonjs', options: {module: 'node16'}},
    {type: 'module', options: {module: 'node16'}},
  ],
  // As Vite's templates have it.
  bundler: [
    {
      type: 'module',
      options: {module: 'esnext', isolatedModules: true, verbatimModuleSyntax: true},
    },
  ],
};
/** The compiler that counts, the calls that it infers, and the most instantiations: a fifth above the measured ones. */
const MEASURED = {compiler: '5.9', calls: 500, most: 265_000};
/** Installed apart: it brings 50 packages and a compiler of its own. */
const ARE_THE_TYPES_WRONG = '@arethetypeswrong/cli@0.18.5';
/** The controllers of which front ends get the declarations. */
const CONTROLLERS = 'controllers.ts';
/** In ms. */
const MOST_OF_A_RUN = 120_000;

const root = join(import.meta.dirname, '..');
const types = join(root, 'client', '__tests__', 'types');
const work = mkdtempSync(join(tmpdir(), 'client-'));
const frontEnd = join(work, 'front-end');
const started = Date.now();
let passed = 0;
let failed = 0;
let compilations = 0;

/** A failure that is printed already. */
class StepFailed extends Error {}

try {
  const [server, client] = await Promise.all([pack('.'), pack('client')]);
  const installed = {
    server: install('server', server),
    client: install('front-end', client, 'socket.io-client@4'),
    compilers: install(
      'compilers',
      ...Object.keys(COMPILERS).map(version => `ts${version}@npm:typescript@${version}`),
    ),
    areTheTypesWrong: install('are-the-types-wrong', ARE_THE_TYPES_WRONG),
    command: install('command', client, 'json-schema-to-typescript@16'),
    declarations: step(
      'a server emits the declarations of its controllers',
      emitDeclarations,
    ),
  };
  installed.generated = generateTypes(installed);
  const outcomes = await Promise.allSettled([
    ...Object.values(installed),
    checkPackage(client, installed),
    checkRuns(installed),
    checkTypes(installed),
  ]);
  for (const {reason} of outcomes) {
    if (reason === undefined || reason instanceof StepFailed) continue;
    failed++;
    console.error(reason);
  }
} finally {
  if (process.argv.includes('--keep')) console.log(work);
  else rmSync(work, {recursive: true, force: true});
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

/** Runs one check, and prints its name with its result. */
async function step(name, action) {
  try {
    const note = await action();
    passed++;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`✔ ${name}${note ? `: ${note}` : ''} (at ${seconds} s)`);
  } catch (error) {
    failed++;
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}` || error.stack;
    console.error(`✖ ${name}\n${output}`);
    throw new StepFailed(name, {cause: error});
  }
}

/** Runs checks, of which one may fail while the others go on. */
function steps(all) {
  return Promise.allSettled(all.map(({name, action}) => step(name, action)));
}

async function checkPackage(tarball, installed) {
  await step('publint finds nothing', async () => {
    await node(root, 'node_modules/publint/src/cli.js', tarball, '--strict');
  });
  await installed.areTheTypesWrong;
  const cli = 'node_modules/@arethetypeswrong/cli/dist/index.js';
  const attw = async (...args) => {
    await node(join(work, 'are-the-types-wrong'), cli, tarball, ...args);
  };
  const modules = ['./client.browser.js', './angular'];
  await steps([
    {
      name: 'attw finds nothing',
      action: () => attw('--exclude-entrypoints', ...modules),
    },
    {
      name: 'attw finds nothing in the entries that are ES modules only',
      action: () => attw('--entrypoints', ...modules, '--profile', 'esm-only'),
    },
  ]);
}

async function checkRuns(installed) {
  await Promise.all([installed.server, installed.client]);
  await step("LoopBack, Express and Node's types are not installed beside it", () => {
    const lock = JSON.parse(readFileSync(join(frontEnd, 'package-lock.json'), 'utf8'));
    const names = Object.keys(lock.packages);
    const stray = /node_modules\/(@loopback|@types|express|loopback4-socket$)/;
    assert.deepEqual(
      names.filter(name => stray.test(name)),
      [],
    );
    return `${names.length - 1} packages`;
  });
  writeFileSync(join(work, 'server', 'server.cjs'), SERVER);
  const server = fork('server.cjs', {cwd: join(work, 'server')});
  const ended = once(server, 'exit');
  const [url] = await Promise.race([once(server, 'message'), ended]);
  await steps(
    Object.entries(FRONT_ENDS).map(([name, source]) => ({
      name: `a front end that ${name.split('.')[0]} it is answered`,
      action: async () => {
        writeFileSync(join(frontEnd, name), source);
        assert.deepEqual(JSON.parse(await node(frontEnd, name, url)), OUTCOME);
      },
    })),
  );
  await step('the server stops', async () => {
    if (server.connected) server.disconnect();
    assert.deepEqual(await ended, [0, null]);
  });
}

async function checkTypes(installed) {
  const {client, compilers, declarations, generated} = installed;
  await Promise.all([client, compilers, declarations, generated]);
  const cases = Object.entries(COMPILERS).flatMap(([compiler, resolutions]) =>
    resolutions.flatMap(moduleResolution =>
      PROJECTS[moduleResolution].map(project => ({
        compiler,
        moduleResolution,
        ...project,
      })),
    ),
  );
  const waiting = [
    {name: `${MEASURED.calls} inferred calls are compiled soon`, action: measure},
    ...cases.flatMap(one => {
      const name = `TypeScript ${versionOf(one.compiler)}, ${one.moduleResolution}, ${one.type}`;
      return [
        {name: `${name}: front ends compile`, action: () => compileFrontEnds(one)},
        {name: `${name}: our declarations are correct`, action: () => checkOurs(one)},
      ];
    }),
  ];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await steps([next]);
  };
  await Promise.all(Array.from({length: availableParallelism()}, worker));
}

/** Compiles the controllers here, where LoopBack is, and copies the declarations to the front ends. */
async function emitDeclarations() {
  const outDir = join(work, 'declarations');
  const config = join(work, 'tsconfig.json');
  const compilerOptions = {
    composite: false,
    incremental: false,
    tsBuildInfoFile: null,
    declarationMap: false,
    emitDeclarationOnly: true,
    useDefineForClassFields: false,
    typeRoots: [join(root, 'node_modules', '@types')],
    rootDir: types,
    outDir,
  };
  const files = [join(types, CONTROLLERS)];
  const inherited = join(root, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({extends: inherited, compilerOptions, include: [], files}),
  );
  await node(root, 'node_modules/typescript/bin/tsc', '-p', config);
  for (const type of ['commonjs', 'module']) {
    const project = join(frontEnd, type);
    cpSync(types, join(project, 'types'), {recursive: true});
    rmSync(join(project, 'types', CONTROLLERS));
    cpSync(outDir, join(project, 'types'), {recursive: true});
    writeFileSync(join(project, 'package.json'), JSON.stringify({type}));
  }
}

/** Writes types of a document with the packed command, where only the client and what it needs are installed. */
async function generateTypes(installed) {
  await Promise.all([installed.server, installed.command, installed.declarations]);
  await step('the command writes the types of a server', async () => {
    writeFileSync(join(work, 'server', 'document.cjs'), DOCUMENT);
    const folder = join(work, 'command');
    const document = await node(join(work, 'server'), 'document.cjs');
    writeFileSync(join(folder, 'asyncapi.json'), document);
    const args = ['--from', 'asyncapi.json', '--out', 'generated.ts'];
    const types = ['--no-install', 'loopback4-socket-client', 'types', ...args];
    await run(folder, 'npx', ...types);
    await run(folder, 'npx', ...types, '--check');
    for (const type of ['commonjs', 'module']) {
      const target = join(frontEnd, type, 'types');
      cpSync(join(folder, 'generated.ts'), join(target, 'generated.ts'));
      writeFileSync(join(target, 'typed-by-document.ts'), TYPED_BY_DOCUMENT);
    }
  });
}

/** Compiles all front ends. Declarations are not checked, as those of the server name packages that are missing. */
async function compileFrontEnds(one) {
  await compile(one, {include: ['types']}, {skipLibCheck: true});
}

/** Compiles what needs no server, and all declarations with it. Mistakes in those of other packages are theirs. */
async function checkOurs(one) {
  const files = ['types/chat-api.ts'];
  const output = await compile(one, {files}, {skipLibCheck: false}).catch(error => {
    if (error.killed) throw error;
    return error.stdout + error.stderr;
  });
  const others = /^(\s|\.\.\/node_modules\/(?!loopback4-socket-client\/)|$)/;
  assert.deepEqual(
    output.split('\n').filter(line => !others.test(line)),
    [],
  );
}

/** Counts the instantiations of types for many inferred calls. */
async function measure() {
  const project = join(frontEnd, 'module', 'large');
  mkdirSync(project, {recursive: true});
  for (const [name, source] of Object.entries(inferredCalls(MEASURED.calls)))
    writeFileSync(join(project, name), source);
  const [{type, options}] = PROJECTS.bundler;
  const output = await compile(
    {compiler: MEASURED.compiler, moduleResolution: 'bundler', type, options},
    {files: ['large/main.ts']},
    {skipLibCheck: true},
    '--extendedDiagnostics',
  );
  const count = Number(/^Instantiations:\s+(\d+)$/m.exec(output)?.[1]);
  const note = `${count} instantiations of at most ${MEASURED.most}`;
  assert(count <= MEASURED.most, note);
  return note;
}

/** Compiles files or folders of a project. */
function compile({compiler, moduleResolution, type, options}, sources, more, ...flags) {
  const cwd = join(frontEnd, type);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    moduleResolution,
    ...options,
    ...more,
  };
  const config = `tsconfig.${++compilations}.json`;
  writeFileSync(join(cwd, config), JSON.stringify({compilerOptions, ...sources}));
  const tsc = join(work, 'compilers', 'node_modules', `ts${compiler}`, 'bin', 'tsc');
  return node(cwd, tsc, '-p', config, '--pretty', 'false', ...flags);
}

function versionOf(compiler) {
  const path = join(work, 'compilers', 'node_modules', `ts${compiler}`, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

async function pack(folder) {
  const quiet = ['--json', '--ignore-scripts', '--loglevel=error'];
  const packed = await run(
    join(root, folder),
    'npm',
    'pack',
    ...quiet,
    '--pack-destination',
    work,
  );
  const [{filename, files}] = JSON.parse(packed);
  assert(
    files.some(({path}) => path === 'dist/index.js'),
    `${filename} has no dist: run npm run build`,
  );
  return join(work, filename);
}

function install(name, ...packages) {
  return step(`${name} installs`, async () => {
    const folder = join(work, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    const offline = ['--ignore-scripts', '--prefer-offline'];
    await run(folder, 'npm', 'install', ...packages, ...quiet, ...offline);
  });
}

function node(cwd, ...args) {
  return run(cwd, process.execPath, ...args);
}

async function run(cwd, command, ...args) {
  const options = {cwd, timeout: MOST_OF_A_RUN};
  return (await promisify(execFile)(command, args, options)).stdout;
}
