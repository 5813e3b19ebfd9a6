import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {it} from 'node:test';
import {runInNewContext} from 'node:vm';
import {
  DEFAULT_SOCKET_COMPONENT_OPTIONS,
  DEFAULT_SOCKET_SERVER_OPTIONS,
} from 'loopback4-socket';

const SOURCES = join(__dirname, '../../../src');
const SOURCE = readdirSync(SOURCES, {recursive: true, encoding: 'utf8'})
  .filter(file => file.endsWith('.ts'))
  .map(file => readFileSync(join(SOURCES, file), 'utf8'))
  .join('\n');
const TEXT = readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8');

/** Rows of the table of options: name, whose it is, and its default. */
const ROWS = [
  ...TEXT.matchAll(/^\| `([\w.]+)` +\| (server|component) +\| (.+?) +\|/gm),
].map(([, name, of, written]) => ({name, of, written}));

const INTERFACES = {server: 'SocketServerOptions', component: 'SocketComponentOptions'};

for (const [of, type] of Object.entries(INTERFACES)) {
  it(`docs/operations.md lists each option of the ${of}, once`, () => {
    const [, body] =
      new RegExp(`export interface ${type} \\{(.*?)^\\}`, 'ms').exec(SOURCE) ?? [];
    const options = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
    assert.ok(options.length > 5);
    const listed = ROWS.filter(row => row.of === of && !row.name.includes('.'));
    assert.deepEqual(listed.map(({name}) => name).sort(), options.sort());
  });
}

it('docs/operations.md lists the default of each option that has one', () => {
  const defaults = {
    ...DEFAULT_SOCKET_SERVER_OPTIONS,
    ...DEFAULT_SOCKET_COMPONENT_OPTIONS,
  };
  for (const [name, value] of Object.entries(defaults)) {
    const written = ROWS.find(row => row.name === name)?.written ?? '';
    const [, code] = /^`(.*)`$/.exec(written) ?? [];
    // Written as in a program; not of this context, so compared as text.
    const read: unknown = runInNewContext(`(${code})`);
    assert.equal(JSON.stringify(read), JSON.stringify(value), name);
  }
});

/** The words of the document for fixed limits, and for defaults of socket.io's options. */
const FIXED: Record<string, string> = {
  MAX_WAITING_CALLS: 'maxWaitingCalls',
  MAX_SHARED_AUTHENTICATIONS: 'wait for one outcome',
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
  MAX_CALL_REF_LENGTH: "characters of a call's `ref`",
  MAX_UNTAKEN_BYTES: "bytes of a socket's uploads",
  MAX_LOST_UPLOADS: 'uploads of a user without a connection',
  MAX_READS: 'reads of a stream that wait',
  MAX_READ_ITEMS: 'items of a read',
  MAX_READ_BYTES: 'bytes of the items of a read',
  MAX_TURN_ITEMS: 'reads of one turn',
  MAX_TURN_LINES: 'lines of a stream over REST',
  MAX_UNREAD_BYTES: "items of a socket's streams",
  MAX_KEPT_BYTES: 'until they are acknowledged',
  MAX_KEPT_STREAMS: 'streams of a user without',
  MAX_ENDED_STREAMS: 'streams of a socket that have ended',
  MAX_ITEM_ID_LENGTH: "characters of an item's id",
  MAX_WAITING_PONGS: 'PONGs that wait',
  MAX_FULLY_CHECKED_BYTES: 'of which all mistakes are listed',
};

it('docs/operations.md lists every limit that is fixed', () => {
  const limits = [...SOURCE.matchAll(/^(?:export )?const (MAX_\w+) = (.+);$/gm)].filter(
    // The longest time of Node's timers.
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
