import type {Random} from './random';

/** Frames of socket.io's protocol, right and wrong, and HTTP requests of the same kind. */

/** Marks the ack ids of valid calls; no other frame has it. */
export const VALID_ID = '777';

const METHODS = [
  'echo',
  'large',
  'later',
  'back',
  'fail',
  'reject',
  'whoAmI',
  'sum',
  'getRecord',
  'ask',
];
const CALLED = [...METHODS, 'heard'];
const NAMES = [
  ...METHODS,
  'heard',
  'say',
  'missing',
  '__proto__',
  'constructor',
  'toString',
  '',
  'authentication',
  'authenticated',
  'unauthorized',
  'disconnect',
  'connect_error',
  'newListener',
  'error',
  '\u0000',
  'x'.repeat(300),
];
const NAMESPACES = [
  '/',
  '/',
  '/open',
  '/room-1',
  '/room-2',
  '/room-9',
  '/none',
  '/%2e',
  '',
];
const ROOMS = Array.from({length: 10}, (_, at) => `/room-${at}`);
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toJSON',
  'then',
  'length',
  'a',
  '',
];

/** A call that a server must answer, whatever with, on a socket that is authenticated. */
export function validCall(random: Random, nsp: string, id: string): string {
  const name = random.pick(CALLED);
  const guard = random.pick([undefined, undefined, 'later', 'throw', 'refuse']);
  const args: Record<string, unknown> = {
    sum: {left: random.below(10), right: random.chance(0.8) ? 1 : 'one'},
    ask: random.pick(['plainly', 'with a timeout', 'all']),
    getRecord: {id: random.chance(0.8) ? random.below(10) : 'no', note: 'n'},
  };
  const given = args[name] ?? {n: random.below(1000), guard, fail: random.chance(0.2)};
  const options = random.chance(0.1) ? [{$call: {timeout: 10_000}}] : [];
  return frame('2', nsp, id, JSON.stringify([name, given, ...options]));
}

export function frame(type: string, nsp: string, id: string, json: string): string {
  return `4${type}${nsp === '/' ? '' : `${nsp},`}${id}${json}`;
}

/** Answers of a client to an event of the server's with that id: right, wrong, twice, and to others. */
export function answersTo(random: Random, nsp: string, id: string): (string | Buffer)[] {
  const frames: (string | Buffer)[] = [];
  for (let count = random.pick([0, 1, 1, 1, 2]); count > 0; count--) {
    const to = random.chance(0.9) ? id : random.pick(['', '0', '-1', `${id}0`, '1e9']);
    const kind = random.next();
    if (kind < 0.5) {
      const values = Array.from({length: random.below(3)}, () => json(random));
      frames.push(frame('3', nsp, to, JSON.stringify(values)));
    } else if (kind < 0.7) {
      frames.push(frame('3', nsp, to, `[${nestedJson(random)}]`));
    } else if (kind < 0.8) {
      frames.push(frame('3', nsp, to, '[{"__proto__":{"admin":true}}]'));
    } else if (kind < 0.9) {
      const text = 'x'.repeat(10_000);
      frames.push(frame('3', nsp, to, `["${text}",${nestedJson(random)}]`));
    } else {
      const attachment = '[{"_placeholder":true,"num":0}]';
      frames.push(frame('61-', nsp, to, attachment), random.bytes(10));
    }
  }
  return frames;
}

/** Anything that could be meant as a frame, as text or bytes; mostly of the grammar. */
export function oddFrame(random: Random, nsp: string): string | Buffer {
  const made = grammatical(random, random.chance(0.8) ? nsp : random.pick(NAMESPACES));
  if (random.chance(0.5)) return made;
  return random.chance(0.9) ? mutate(random, made) : random.bytes(random.below(40));
}

/** Joins namespaces, authenticates there or not, and leaves them or not. */
export function joinsAndLeavings(random: Random): string[] {
  return Array.from({length: 1 + random.below(8)}, () => {
    const nsp = random.pick([...ROOMS, ...ROOMS, '/', '/open', '/none']);
    const credentials = JSON.stringify({token: 'ok', slow: random.chance(0.5)});
    const joining = frame('0', nsp, '', random.chance(0.5) ? credentials : '');
    const event = JSON.stringify(['authentication', JSON.parse(credentials)]);
    const leaving = frame('1', nsp, '', '');
    return random.pick([
      [joining],
      [joining],
      [leaving],
      [joining, leaving],
      [frame('2', nsp, '', event)],
    ]);
  }).flat();
}

/** A call that uploads, and items of it: most as they should be. */
export function uploads(random: Random, nsp: string): string[] {
  const ref = random.pick(['a', 'b', 'c']);
  const id = random.chance(0.3) ? random.pick(['1', '2']) : undefined;
  const name = random.pick(['take', 'take', 'first', 'neglect', 'copy', 'sum']);
  const events: unknown[] = [[name, null, {$call: {ref, id, upload: true}}]];
  let at = 0;
  for (let count = random.below(6); count > 0; count--) {
    const items = Array.from({length: random.below(3)}, () => json(random));
    const done = random.chance(0.2) || undefined;
    events.push(['$send', {ref, at, items, done}]);
    at += items.length;
    if (random.chance(0.7)) continue;
    const other = random.pick([0, at + 1, -1, 0.5, 1e308, 2 ** 53, json(random)]);
    const odd = {ref: random.chance(0.7) ? ref : json(random), at: other};
    events.push(['$send', {...odd, items: random.chance(0.8) ? items : json(random)}]);
  }
  if (random.chance(0.2)) events.push(['$cancel', {ref}]);
  return events.map(one =>
    frame(
      '2',
      nsp,
      random.chance(0.8) ? String(random.below(500)) : '',
      JSON.stringify(one),
    ),
  );
}

function grammatical(random: Random, nsp: string): string {
  const id = random.chance(0.5) ? String(random.below(500)) : '';
  const kind = random.next();
  if (kind < 0.6) return frame('2', nsp, id, JSON.stringify(event(random)));
  if (kind < 0.66) {
    const credentials = random.chance(0.7)
      ? {token: 'ok', name: 'someone'}
      : json(random);
    return frame('2', nsp, id, JSON.stringify(['authentication', credentials]));
  }
  if (kind < 0.7) return frame('0', nsp, '', JSON.stringify(json(random)));
  if (kind < 0.76) return frame('3', nsp, id || '1', JSON.stringify([json(random)]));
  if (kind < 0.79) return frame('1', nsp, '', '');
  if (kind < 0.82) return frame('4', nsp, '', JSON.stringify({message: 'no'}));
  if (kind < 0.9) {
    const attachment = {_placeholder: true, num: random.below(3)};
    const type = `${random.pick(['5', '6'])}${random.below(3)}-`;
    return frame(type, nsp, id, JSON.stringify(['echo', attachment]));
  }
  if (kind < 0.95) return frame('2', nsp, id, deep(random));
  return random.pick([
    '2',
    '2probe',
    '3',
    '5',
    '6',
    '1',
    '0{}',
    '4',
    '42',
    '43',
    '45',
    'b',
    '',
  ]);
}

function event(random: Random): unknown[] {
  const name = random.chance(0.9) ? random.pick(NAMES) : json(random);
  const args = Array.from({length: random.below(4)}, () => json(random));
  return [name, ...args];
}

/** Any value. */
export function json(random: Random, levels = 3): unknown {
  const kind = random.below(levels > 0 ? 12 : 8);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.pick([0, -1, 1.5, 1e308, -0, 2 ** 53]);
  if (kind < 6) return random.pick(['', 'ok', '\ud800', '\u001e', 'x'.repeat(200), '[]']);
  if (kind === 6) return {token: 'ok'};
  if (kind === 7) return {$call: {timeout: random.pick([1, -1, 'soon', 1e12])}};
  if (kind < 10) {
    const entries = Array.from({length: random.below(4)}, () => [
      random.pick(KEYS),
      json(random, levels - 1),
    ]);
    // With a key `__proto__` of its own, which an object literal would not have.
    return Object.fromEntries(entries) as unknown;
  }
  return Array.from({length: random.below(4)}, () => json(random, levels - 1));
}

function deep(random: Random): string {
  const name = random.pick(['echo', 'authentication', 'heard']);
  return `["${name}",${nestedJson(random)}]`;
}

function nestedJson(random: Random): string {
  const levels = random.pick([10, 63, 64, 65, 70, 1000, 5000]);
  const [open, shut] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ]);
  return `${open.repeat(levels)}1${shut.repeat(levels)}`;
}

function mutate(random: Random, text: string): string {
  let mutated = text;
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(mutated.length + 1);
    const kind = random.below(4);
    const char = String.fromCharCode(random.chance(0.8) ? random.below(128) : 0x2028);
    if (kind === 0) mutated = mutated.slice(0, at) + char + mutated.slice(at + 1);
    else if (kind === 1) mutated = mutated.slice(0, at) + char + mutated.slice(at);
    else if (kind === 2) mutated = mutated.slice(0, at);
    else mutated = mutated.slice(0, at) + mutated.slice(at + random.below(4));
  }
  return /777|888/.test(mutated) ? '' : mutated;
}

const VERBS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'OPTIONS',
  'DELETE',
  'HEAD',
  'PATCH',
  'X',
];
const PATHS = [
  '/socket.io/',
  '/socket.io/',
  '/socket.io/',
  '/socket.io',
  '/socket.io/socket.io.js',
  '/socket.io/../records/1',
  '/socket.io/%00',
  '/SOCKET.IO/',
  '//socket.io/',
  '/records/1',
  '/records/x?note[a]=1',
  '/openapi.json',
  '/',
  '*',
  'http://other/socket.io/',
];
const HEADERS = [
  'Origin: http://other.example',
  'Origin: null',
  'Origin: http://[',
  'X-Forwarded-Host: a,b',
  'Content-Type: application/octet-stream',
  'Content-Type: application/json',
  'Connection: close',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: 8',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99',
  'Sec-WebSocket-Protocol: a, b',
  'Transfer-Encoding: chunked',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999',
  'Expect: 100-continue',
  'Cookie: io=1; __proto__=1',
  'Accept-Encoding: gzip, deflate, br',
  `X-Long: ${'x'.repeat(20_000)}`,
  'Bad header',
];

/** An HTTP request, or what begins as one. */
export function httpRequest(random: Random, sid: string): string {
  const query = [
    random.pick(['EIO=4', 'EIO=4', 'EIO=3', 'EIO=x', '', 'EIO=4&EIO=4']),
    random.pick(['transport=polling', 'transport=websocket', 'transport=__proto__', '']),
    random.pick([
      '',
      '',
      `sid=${sid}`,
      `sid=${sid}`,
      'sid=none',
      'sid=__proto__',
      'sid[a]=1',
    ]),
    random.pick(['', 'j=0', 'j=x', 'b64=1', 't=%', '__proto__[a]=1', 'constructor=1']),
  ];
  const path = random.pick(PATHS);
  const target = path.includes('?') ? path : `${path}?${query.join('&')}`;
  const body = random.pick(['', '40', '42["echo"]', '1:2', 'd=40', 'x'.repeat(70_000)]);
  const headers = Array.from({length: random.below(6)}, () => random.pick(HEADERS));
  if (random.chance(0.4)) headers.push(`Content-Length: ${body.length}`);
  if (random.chance(0.3)) {
    headers.push(
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    );
  }
  const version = random.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/9']);
  const lines = [
    `${random.pick(VERBS)} ${target} ${version}`,
    'Host: localhost',
    ...headers,
  ];
  const text = `${lines.join('\r\n')}\r\n\r\n${body}`;
  return random.chance(0.2) ? text.slice(0, random.below(text.length)) : text;
}
