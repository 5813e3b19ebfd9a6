import {getAsyncApiSpec} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {ShopApplication} from './fixtures/shop';
import {declaredNames, Workshop} from './helpers/command';
import {givenSpec} from './helpers/spec';

/** Texts that try to leave the place that they are written into. */
const HOSTILE = [
  '*/ export const evil = 1; /*',
  '</script><script>',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'new',
  'a\nb',
  'a\u2028b',
  `a"b'c\`\${d}\\`,
  '',
  '1a',
  '@ts-expect-error',
  'Api',
  'AsyncIterable',
  '日本',
];

/** A front end that uses all of the shop, and what its compiler must refuse. */
const FRONT_END = `
import {SocketClient} from 'loopback4-socket-client';
import type {Agrees, EmitEvents, ListenEvents} from 'loopback4-socket-client';
import type {Api, BackOfficeApi, Events, Part} from './api';

export interface Written {
  find(args: {limit: number}): Part[];
  count(): number;
  search(args?: {text?: string}): unknown;
  made(args: {limit: number}): AsyncIterable<Part>;
  photo(): ArrayBuffer | Uint8Array;
  'stock.import'(args?: unknown): number;
}
export const agrees: Agrees<Written, Api> = true;
export const events: Agrees<{sold(part: Part): void; confirm(text: string): boolean}, Events> = true;

const client = new SocketClient<Api, Events>('/');
const office = new SocketClient<BackOfficeApi>('/back-office');
export const parts: Promise<Part[]> = client.call.find({limit: 3});
export const made: string | undefined = (await parts)[0].parts?.[0].made;
export const state: 'new' | 'used' | undefined = (await parts)[0].state;
export const note: string | null | undefined = (await parts)[0].note;
export const part: Part = await office.call.find('bolt');
export const count: number = await client.call.count(undefined, {timeout: 500});
client.on('sold', ({name}) => name.trim());
export type Sent = EmitEvents<Api>['count'];
export type Asked = Parameters<ListenEvents<Events>['confirm']>[0];
// @ts-expect-error limit is a number
await client.call.find({limit: 'a'});
// @ts-expect-error no such method
await client.call.search2();
// @ts-expect-error an ask is no event
client.on('confirm', () => true);
// @ts-expect-error parts have a name
client.on('sold', (given: {title: string}) => given);
`;

describe('The types of a document', () => {
  it('are those of an application: methods, streams, events, asks, two servers', async () => {
    using workshop = new Workshop();
    const app = new ShopApplication({rest: {port: 0}});
    const source = await workshop.api(await getAsyncApiSpec(app));
    workshop.write('front-end.ts', FRONT_END);
    assert.deepEqual(workshop.compile('front-end.ts'), []);
    assert.match(
      source,
      /\/\*\*\n {3}\* Finds parts\.\n {3}\*\n {3}\* The newest first\.\n {3}\*\n {3}\* @deprecated\n {3}\*\/\n {2}find\(/,
    );
    assert.match(source, /\n {3}\* What it is called\.\n/);
    // The protocol's own messages are part of the client.
    assert.doesNotMatch(source, /[eE]xpiring|\$cancel|ErrorBody/);
  });

  it('let a change of the server break the compilation of its user', async () => {
    using workshop = new Workshop();
    const spec = await getAsyncApiSpec(new ShopApplication({rest: {port: 0}}));
    await workshop.api(spec);
    workshop.write(
      'user.ts',
      `import {SocketClient} from 'loopback4-socket-client';
      import type {Api} from './api';
      export const found = new SocketClient<Api>('/').call.find({limit: 3});`,
    );
    assert.deepEqual(workshop.compile('user.ts'), []);
    const {Page} = spec.components.schemas as any;
    Page.properties = {size: {type: 'number'}};
    Page.required = ['size'];
    await workshop.api(spec);
    assert.match(workshop.compile('user.ts').join('\n'), /'limit' does not exist/);
  });

  it('tell the default server, and the events of the protocol, by their marks', async () => {
    using workshop = new Workshop();
    const spec = givenSpec([{event: 'own'}, {event: 'later', protocol: true}]);
    const source = await workshop.api(spec);
    assert.match(source, / own\(/);
    assert.doesNotMatch(source, /later/);
    const unmarked = {...spec, channels: {default: {address: '/default'}}};
    assert.match(await workshop.api(unmarked), /interface DefaultApi \{\n {2}own/);
  });

  it('do not depend on the order of the document', async () => {
    using workshop = new Workshop();
    const spec = await getAsyncApiSpec(new ShopApplication({rest: {port: 0}}));
    const source = await workshop.api(spec);
    const turned = (record: object) =>
      Object.fromEntries(Object.entries(record).reverse());
    const other = {
      ...spec,
      channels: turned(spec.channels),
      operations: turned(spec.operations),
      components: {...spec.components, schemas: turned(spec.components.schemas)},
    };
    assert.equal(await workshop.api(other), source);
  });

  it('are types and nothing else, whatever the names and texts of a document are', async () => {
    using workshop = new Workshop();
    const schemas = Object.fromEntries(
      HOSTILE.map(text => [
        text,
        {
          type: 'object',
          title: text,
          description: text,
          tsType: 'any; export const evil = 1',
          properties: Object.fromEntries([[text, {type: 'string', enum: [text]}]]),
          required: [text, 'other', 1],
        },
      ]),
    );
    const pointer = (text: string) =>
      text.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('%', '%25');
    const parts = HOSTILE.flatMap(text => {
      const payload = {$ref: `#/components/schemas/${pointer(text)}`};
      const texts = {summary: text, description: `${text}\r\n${text}`};
      const event = text;
      return [
        {event, payload, answer: {type: 'object', properties: {[text]: payload}}, texts},
        {event, payload, action: 'send', ack: 'none', texts} as const,
      ];
    });
    const source = await workshop.api(
      givenSpec(parts, schemas, ['default', 'x y', '*/']),
    );
    assert.deepEqual(workshop.compile('api.ts'), []);
    const names = declaredNames(source);
    assert.equal(new Set(names).size, names.length);
    assert(names.every(name => /^[A-Z][A-Za-z0-9]*$/.test(name)));
    assert.deepEqual(names.slice(0, 6), [
      'Api',
      'Events',
      'TypeApi',
      'TypeEvents',
      'XYApi',
      'XYEvents',
    ]);
    assert.match(source, /\n {2}__proto__\(args\?: Proto\): ProtoResult;\n/);
    assert.match(source, /\n {2}'new'\(args\?: New\): NewResult;\n/);
  });

  it('end for models that refer to themselves', async () => {
    using workshop = new Workshop();
    const to = (name: string) => ({$ref: `#/components/schemas/${name}`});
    const source = await workshop.api(
      givenSpec([{event: 'a', payload: to('A'), answer: to('Alias')}], {
        A: {anyOf: [to('A'), to('B'), {type: 'string'}]},
        B: {allOf: [to('A'), {type: 'object', properties: {b: to('B')}}]},
        Alias: to('Other'),
        Other: to('Alias'),
      }),
    );
    assert.deepEqual(workshop.compile('api.ts'), []);
    assert.match(source, /b\?: B;/);
  });

  const types: [schema: unknown, type: string][] = [
    [{}, 'unknown'],
    [true, 'unknown'],
    [undefined, 'unknown'],
    [{not: {}}, 'unknown'],
    [{type: 'integer'}, 'number'],
    [{type: ['string', 'null']}, 'string | null'],
    [{type: 'string', format: 'date-time'}, 'string'],
    [{type: 'string', format: 'binary'}, '(ArrayBuffer | Uint8Array)'],
    [{type: 'array', items: {type: 'string'}}, 'string[]'],
    [{type: 'array', items: {type: ['string', 'null']}}, '(string | null)[]'],
    [{type: 'array'}, 'unknown[]'],
    [{$ref: '#/components/schemas/Open'}, 'Open'],
    [{anyOf: [{$ref: '#/components/schemas/Open'}, {type: 'null'}]}, 'Open | null'],
    [{enum: ['a', 1, null]}, "= 'a' | 1 | null"],
    [{const: 'a'}, "= 'a'"],
    [{type: 'array', items: {enum: ['a']}}, "= 'a'[]"],
    [{type: 'array', items: [{type: 'string'}], additionalItems: false}, '= [string]'],
    [{oneOf: [{type: 'string'}, {type: 'number'}]}, '= string | number'],
    [{type: 'object'}, '{ [k: string]: unknown; }'],
    [{type: 'object', properties: {a: {type: 'null'}}}, '{ a?: null; }'],
    [
      {type: 'object', additionalProperties: {type: 'number'}},
      '{ [k: string]: number; }',
    ],
  ];
  it('write each kind of schema', async () => {
    using workshop = new Workshop();
    const parts = types.map(([answer], at) => ({event: `m${at}`, answer}));
    const source = await workshop.api(
      givenSpec(parts, {Open: {description: 'Anything.'}}),
    );
    const written = types.map((_, at) => {
      const declared = new RegExp(`export \\w+ M${at}Result ([^;]*(?:;\n\\})?)`).exec(
        source,
      );
      const returned = new RegExp(` m${at}\\(args\\?: unknown\\): (.*);`).exec(source);
      return (declared ?? returned)?.[1].replaceAll(/\s+/g, ' ');
    });
    assert.deepEqual(
      written,
      types.map(([, type]) => type),
    );
    assert.deepEqual(workshop.compile('api.ts'), []);
  });
});
