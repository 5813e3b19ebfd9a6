import {getAsyncApiSpec} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {ShopApplication} from './fixtures/shop';
import {COMMAND, Workshop} from './helpers/command';
import {givenSpec} from './helpers/spec';

const TO_FILE = ['--from', 'asyncapi.json', '--out', 'api.ts'];

describe('loopback4-socket-client types', () => {
  it('writes the types of a running server', async () => {
    using workshop = new Workshop();
    const app = new ShopApplication({rest: {port: 0, host: '127.0.0.1'}});
    await app.start();
    try {
      const from = `${app.restServer.url}/asyncapi.json`;
      const outcome = await workshop.types('--from', from, '--out', 'api.ts');
      assert.deepEqual(outcome, {code: 0, stdout: 'api.ts is written.\n', stderr: ''});
    } finally {
      await app.stop();
    }
    const written = workshop.read('api.ts');
    assert.equal(await workshop.api(await getAsyncApiSpec(app)), written);
  });

  it('--check finds a stale file, prints the difference and writes nothing', async () => {
    using workshop = new Workshop();
    const spec = (answer: unknown) => givenSpec([{event: 'a'}, {event: 'say', answer}]);
    const source = await workshop.api(spec({type: 'string'}));
    const same = await workshop.types(...TO_FILE, '--check');
    assert.deepEqual(same, {code: 0, stdout: 'api.ts is up to date.\n', stderr: ''});
    // Git may have given the file Windows' line ends.
    workshop.write('api.ts', source.replaceAll('\n', '\r\n'));
    assert.equal((await workshop.types(...TO_FILE, '--check')).code, 0);
    workshop.write('api.ts', source);
    workshop.write('asyncapi.json', spec({type: 'integer'}));
    const {code, stdout, stderr} = await workshop.types(...TO_FILE, '--check');
    assert.equal(code, 1);
    assert.equal(
      stdout,
      '-   say(args?: unknown): string;\n+   say(args?: unknown): number;\n',
    );
    assert.equal(
      stderr,
      'api.ts is not what asyncapi.json describes. Run the command without --check.\n',
    );
    assert.equal(workshop.read('api.ts'), source);
  });

  it('--check prints added and removed lines in their order', async () => {
    using workshop = new Workshop();
    const spec = (...names: string[]) =>
      givenSpec(names.map(event => ({event, answer: {type: 'null'}, args: 'none'})));
    await workshop.api(spec('a', 'b', 'c', 'd'));
    workshop.write('asyncapi.json', spec('a', 'c', 'd', 'e'));
    const {stdout} = await workshop.types(...TO_FILE, '--check');
    assert.equal(stdout, '-   b(): null;\n+   e(): null;\n');
  });

  it('writes a file that the same document leaves as it is', async () => {
    using workshop = new Workshop();
    const source = await workshop.api(givenSpec([{event: 'a'}]));
    const {code, stdout} = await workshop.types(...TO_FILE);
    assert.deepEqual([code, stdout], [0, 'api.ts is up to date.\n']);
    assert.equal(workshop.read('api.ts'), source);
    assert.deepEqual(readdirSync(workshop.folder), ['api.ts', 'asyncapi.json']);
  });

  it('writes a module for an application without a server', async () => {
    using workshop = new Workshop();
    assert.match(
      await workshop.api({asyncapi: '3.1.0', channels: {}}),
      /\nexport \{\};\n$/,
    );
  });

  it('says how to install what it needs', async () => {
    using workshop = new Workshop();
    workshop.write('asyncapi.json', givenSpec([]));
    const alone = mkdtempSync(join(tmpdir(), 'command-'));
    try {
      copyFileSync(COMMAND, join(alone, 'command.mjs'));
      const outcome = await workshop.run(join(alone, 'command.mjs'), 'types', ...TO_FILE);
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.stderr,
        /^[^\n]*npm install --save-dev json-schema-to-typescript\n$/,
      );
    } finally {
      rmSync(alone, {recursive: true});
    }
  });

  it('prints its help', async () => {
    using workshop = new Workshop();
    const {code, stdout} = await workshop.run(COMMAND, '--help');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: loopback4-socket-client types --from/);
  });
});

const PAYLOAD = {event: 'a', payload: {$ref: '#/components/schemas/Gone'}};
const LEVELS = 20_000;
const DEEP = `${'{"items":'.repeat(LEVELS)}{}${'}'.repeat(LEVELS)}`;

/** Documents that are none, with what the command prints of each. */
const DOCUMENTS: Record<string, [document: unknown, message: RegExp]> = {
  'of version 2': [
    {asyncapi: '2.6.0', channels: {}},
    /is AsyncAPI 2\.6\.0, and version 3 is/,
  ],
  'of OpenAPI': [
    {openapi: '3.0.0', paths: {}},
    /is an OpenAPI document\. .*\/asyncapi\.json/,
  ],
  'of another kind': [{name: 'x'}, /is not an AsyncAPI document/],
  'that is a list': [[], /is not an AsyncAPI document/],
  'of YAML': ['asyncapi: 3.1.0\n', /is not JSON\. Give the JSON form/],
  'without its channel': [
    {...givenSpec([{event: 'a'}]), channels: {}},
    /is not a valid AsyncAPI document: operations\.o0\.channel: #\/channels\/default does not exist/,
  ],
  'whose channels are no object': [
    {asyncapi: '3.1.0', channels: []},
    /valid .*: channels:/,
  ],
  'whose operations do nothing': [
    givenSpec([{event: 'a', action: 'take' as 'send'}]),
    /operations\.o0\.action: it is neither "send" nor "receive"/,
  ],
  'of another program': [
    {
      asyncapi: '3.0.0',
      channels: {c: {}},
      operations: {o: {action: 'send', channel: {$ref: '#/channels/c'}}},
    },
    /operations\.o: it has no x-socket\.io/,
  ],
  'without a schema that it refers to': [
    givenSpec([PAYLOAD]),
    /schemas\/Gone does not exist/,
  ],
  'that refers to a file': [
    givenSpec([{event: 'a', payload: {$ref: '/etc/passwd'}}]),
    /refers to another document, \/etc\/passwd/,
  ],
  'that refers to itself': [
    {asyncapi: '3.1.0', channels: {a: {$ref: '#/channels/a'}}},
    /#\/channels\/a refers to itself/,
  ],
  'with too many levels': [
    JSON.stringify(givenSpec([{event: 'a', payload: 'DEEP'}])).replace('"DEEP"', DEEP),
    /too many levels/,
  ],
};

/** Arguments that are wrong, with what the command prints. */
const ARGUMENTS: [args: string[], message: RegExp][] = [
  [[], /^The command is missing/],
  [['type'], /^"type" is no command: the only one is "types"/],
  [['types', 'more'], /^"more" is an argument too many/],
  [['types', '--out', 'api.ts'], /^--from is missing/],
  [['types', '--from', 'asyncapi.json'], /^--out is missing/],
  [['types', '--from'], /^Option '--from <value>' argument missing/],
  [['types', '--form', 'x'], /^Unknown option '--form'/],
  [
    ['types', '--from', 'gone.json', '--out', 'api.ts'],
    /^Cannot read gone\.json \(ENOENT\)/,
  ],
  [
    ['types', '--from', 'ok.json', '--out', 'no/api.ts'],
    /^Cannot write no\/api\.ts \(ENOENT\)/,
  ],
  [['types', '--from', 'ok.json', '--out', 'folder'], /folder \(EISDIR\)/],
  [
    ['types', '--from', 'ok.json', '--out', 'api.ts', '--check'],
    /^api\.ts does not exist\. Run/,
  ],
];

describe('loopback4-socket-client types, with bad input, prints one line and writes nothing', () => {
  for (const [name, [document, message]] of Object.entries(DOCUMENTS)) {
    it(`with a document ${name}`, async () => {
      using workshop = new Workshop();
      workshop.write('asyncapi.json', document);
      const {code, stdout, stderr} = await workshop.types(...TO_FILE);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.deepEqual(readdirSync(workshop.folder), ['asyncapi.json']);
    });
  }

  for (const [args, message] of ARGUMENTS) {
    it(`with ${args.join(' ') || 'no arguments'}`, async () => {
      using workshop = new Workshop();
      workshop.write('ok.json', givenSpec([{event: 'a'}]));
      mkdirSync(join(workshop.folder, 'folder'));
      const {code, stdout, stderr} = await workshop.run(COMMAND, ...args);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.deepEqual(readdirSync(workshop.folder), ['folder', 'ok.json']);
    });
  }

  it('with an address that answers 404, closes the connection, or does not listen', async () => {
    using workshop = new Workshop();
    const server = createServer((request, response) => {
      if (request.url === '/closed') request.socket.destroy();
      else response.writeHead(404).end('<h1>Not found</h1>');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure = async (from: string) => {
      const {code, stderr} = await workshop.types('--from', from, '--out', 'api.ts');
      assert.equal(code, 1);
      assert.match(stderr, /^[^\n]+\n$/);
      return stderr;
    };
    assert.match(await failure(`${url}/asyncapi.json`), /answers 404\. Check the path/);
    assert.match(await failure(`${url}/closed`), /^Cannot reach .*Start the server/);
    await new Promise(resolve => server.close(resolve));
    assert.match(await failure(url), /^Cannot reach .* \(ECONNREFUSED\)/);
    assert.match(await failure('http://'), /^Cannot reach http:\/\/ \(ERR_INVALID_URL\)/);
    assert.deepEqual(readdirSync(workshop.folder), []);
  });
});
