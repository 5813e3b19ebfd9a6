import {readChannels} from './channels';
import type {Channel, Described} from './channels';
import {commentOf} from './comments';
import type {SpecDocument} from './spec-document';
import {TypeDeclarations} from './type-declarations';
import type {Compile} from './type-declarations';
import {pascalCase, propertyName, TypeNames} from './type-names';

const HEAD = `/* eslint-disable */
// Written by "loopback4-socket-client types". Do not change this file: run the command again.`;

/** The endings of the names of types that methods and events need. */
const ENDINGS = {
  method: ['Args', 'Result'],
  stream: ['Args', 'Item'],
  event: ['Payload', ''],
  ask: ['Args', 'Answer'],
} as const;

/**
 * Returns the TypeScript file of a document: for each named server the interfaces Api and Events, and the types that
 * they need. The same document gives the same text.
 *
 * @throws {Problem} when the document is not valid.
 */
export async function typesOf(document: SpecDocument, compile: Compile): Promise<string> {
  const names = new TypeNames();
  const channels = readChannels(document).map(channel => {
    const prefix = prefixOf(channel);
    return {
      channel,
      prefix,
      api: names.add(`${prefix}Api`),
      events: names.add(`${prefix}Events`),
    };
  });
  const types = new TypeDeclarations(document, names);
  const interfaces = channels.flatMap(({channel, prefix, api, events}) => {
    const [methods, sent] = membersOf(channel, prefix, types);
    const server = channel.isDefault ? 'the default server' : `the server ${channel.key}`;
    const comment = (what: string) =>
      commentOf({summary: `The ${what} of ${server}.`}, '');
    return [
      `${comment('methods')}export interface ${api} {${methods}}`,
      `${comment('events')}export interface ${events} {${sent}}`,
    ];
  });
  const declarations = await types.write(compile);
  const parts = [...interfaces, ...declarations];
  // Without an export the file would not be a module.
  if (parts.length === 0) parts.push('export {};');
  return [HEAD, ...parts].map(part => `${part}\n`).join('\n');
}

/** Returns how the names of a server's types begin. */
function prefixOf({isDefault, key}: Channel): string {
  return isDefault ? '' : pascalCase(key);
}

/** Returns the members of a server's Api and of its Events. */
function membersOf(
  {operations}: Channel,
  prefix: string,
  types: TypeDeclarations,
): [methods: string, events: string] {
  const members = {methods: new Map<string, string>(), events: new Map<string, string>()};
  for (const described of operations) {
    const {event, kind, texts} = described;
    const isSent = kind === 'event' || kind === 'ask';
    const all = isSent ? members.events : members.methods;
    if (all.has(event)) continue;
    const member = memberOf(described, prefix, types);
    all.set(event, `${commentOf(texts, '  ')}  ${propertyName(event)}${member};\n`);
  }
  const lines = (all: ReadonlyMap<string, string>) =>
    all.size === 0 ? '' : `\n${[...all.values()].join('')}`;
  return [lines(members.methods), lines(members.events)];
}

/** Returns the type of a member, after its name. */
function memberOf(
  {event, kind, args, payload, answer}: Described,
  prefix: string,
  types: TypeDeclarations,
): string {
  const [given, returned] = ENDINGS[kind];
  const name = `${prefix}${pascalCase(event)}`;
  const parameter = () => types.typeOf(payload, `${name}${given}`);
  const result = () => types.typeOf(answer, `${name}${returned}`);
  // A property, whose listener the compiler compares strictly.
  if (kind === 'event') return `: (payload: ${parameter()}) => void`;
  if (kind === 'ask') return `: (args: ${parameter()}) => ${result()}`;
  const parameters =
    args === 'none' ? '' : `args${args === 'optional' ? '?' : ''}: ${parameter()}`;
  return `(${parameters}): ${kind === 'stream' ? `AsyncIterable<${result()}>` : result()}`;
}
