import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {it} from 'node:test';
import {
  DEFAULT_SOCKET_COMPONENT_OPTIONS,
  DEFAULT_SOCKET_SERVER_OPTIONS,
} from '../../dist/configuration';

const SOURCES = join(__dirname, '../../src');
const TEXT = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

/** How the document writes a default. */
const WRITTEN: Record<string, string> = {
  maxQueuedBytes: '1 MiB',
  retryWindow: '100 for 2 min, 1 MiB',
  expiryNotice: '60_000',
};

/** Options that limit nothing. */
const OTHERS = ['anonymous', 'credentials', 'coalesceWrites', 'io', 'jsonp'];

it('docs/operations.md lists every limit with its default', () => {
  const defaults = {
    ...DEFAULT_SOCKET_SERVER_OPTIONS,
    ...DEFAULT_SOCKET_COMPONENT_OPTIONS,
  };
  for (const [name, value] of Object.entries(defaults)) {
    if (OTHERS.includes(name)) continue;
    const written = WRITTEN[name] ?? (value === false ? 'off' : JSON.stringify(value));
    const line = TEXT.split('\n').find(
      one => one.includes(name) && one.includes(written),
    );
    assert.ok(line, `${name}: ${written}`);
  }
});

/** How the document calls what is fixed, or is the default of one of socket.io's options. */
const FIXED: Record<string, string> = {
  MAX_WAITING_CALLS: 'maxWaitingCalls',
  MAX_SHARED_AUTHENTICATIONS: 'share an outcome',
  MAX_UNAUTHENTICATED_SOCKETS: 'unauthenticated sockets of one connection',
  MAX_UNAUTHENTICATED_BYTES: 'request before authentication',
  MAX_MESSAGE_BYTES: 'maxHttpBufferSize',
  MAX_PACKETS_OF_REQUEST: 'packets of a request',
  MAX_JOINS: 'namespaces that a connection joins',
  MAX_WAITING_BYTES: 'bytes of calls that wait',
  MAX_PARSED_DEPTH: 'levels of JSON',
  MAX_ATTACHMENTS: 'binary attachments',
  MAX_DEPTH: 'levels of objects and arrays',
  MAX_CALL_ID_LENGTH: "characters of a call's `id`",
  MAX_WAITING_PONGS: 'PONGs that wait',
  MAX_TOLD_BYTES: 'of which all mistakes are told',
};

it('docs/operations.md lists every limit that is fixed', () => {
  const sources = readdirSync(SOURCES, {recursive: true, encoding: 'utf8'})
    .filter(file => file.endsWith('.ts'))
    .map(file => readFileSync(join(SOURCES, file), 'utf8'))
    .join('\n');
  const limits = [...sources.matchAll(/^(?:export )?const (MAX_\w+) = (.+);$/gm)].filter(
    // What Node's timers can wait.
    ([, name]) => name !== 'MAX_DELAY',
  );
  assert.deepEqual(limits.map(([, name]) => name).sort(), Object.keys(FIXED).sort());
  for (const [, name, value] of limits) {
    const factors = value.replaceAll('_', '').split('*').map(Number);
    const written =
      factors.length === 2 ? `${factors[0]} KiB` : factors[0].toLocaleString('en');
    const line = TEXT.split('\n').find(
      one => one.includes(FIXED[name]) && one.includes(written),
    );
    assert.ok(line, `${name}: ${written}`);
  }
});
