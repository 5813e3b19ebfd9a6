// A front end with many calls, each inferred from the declarations of a controller.
const CONTROLLERS = 50;

/** Methods of a controller in turn: its declaration, and a call with a use of the result. */
const METHODS = [
  {
    declare: (name, model) =>
      `${name}(socket: Socket, credentials: unknown, args: Filter): Promise<${model}[]>;`,
    call: call => `(await ${call}({limit: 3, since: '2026-01-01'}))[0].placed.length`,
  },
  {
    declare: (name, model) =>
      `${name}(socket: Socket, credentials: unknown, args: {id: number}): Promise<${model}>;`,
    call: call => `(await ${call}({id: 7}, {timeout: 500})).parent?.lines[0].price`,
  },
  {
    declare: name => `${name}(): number;`,
    call: call => `(await ${call}()).toFixed()`,
  },
  {
    declare: (name, model) =>
      `${name}(socket: Socket, credentials: unknown, args: Partial<${model}>, user: User): Promise<{id: number}>;`,
    call: call => `(await ${call}({note: 'a'}, {id: true})).id`,
  },
  {
    declare: name =>
      `${name}(socket: Socket, credentials: unknown, args?: {limit?: number}): Promise<{at: Date; total: number}>;`,
    call: call => `(await ${call}()).at.length`,
  },
];

/** Returns the sources of a front end that makes `count` calls, by the names of their files. */
export function inferredCalls(count) {
  const each = count / CONTROLLERS;
  const controllers = range(CONTROLLERS).map(number => controller(number, each));
  return {
    'controllers.d.ts': COMMON + controllers.map(({declaration}) => declaration).join(''),
    'main.ts': `
import {SocketClient} from 'loopback4-socket-client';
import type {CallsOf} from 'loopback4-socket-client';
import type * as server from './controllers.js';

type Api = ${controllers.map(({api}) => api).join('\n  & ')};

export async function main() {
  const {call} = new SocketClient<Api>('http://127.0.0.1:1');
  return [
${controllers.flatMap(({calls}) => calls).join(',\n')},
  ];
}
`,
  };
}

const COMMON = `
interface Socket { id: string; emit(name: string, ...args: unknown[]): boolean }
interface User { id: string; name?: string }
interface Filter { limit: number; since?: Date; where?: {[name: string]: string} }
interface Line { product: string; price: number; added: Date }
declare class Entity { getId(): number; toJSON(): Object; toObject(): Object }
export {};
`;

function controller(number, count) {
  const model = `Order${number}`;
  const methods = range(count).map(index => {
    const {declare, call} = METHODS[index % METHODS.length];
    const name = `method${number}x${index}`;
    return {name, declaration: declare(name, model), call: call(`call.${name}`)};
  });
  const names = methods.map(({name}) => `'${name}'`).join(' | ');
  return {
    declaration: `
export declare class ${model} extends Entity {
  id: number;
  placed: Date;
  note?: string;
  state: 'open' | 'closed';
  lines: Line[];
  parent?: ${model};
  isOld(): boolean;
}
export declare class Controller${number} {
  ${methods.map(({declaration}) => declaration).join('\n  ')}
}
`,
    api: `CallsOf<server.Controller${number}, ${names}>`,
    calls: methods.map(({call}) => `    ${call}`),
  };
}

function range(count) {
  return Array.from({length: count}, (_, index) => index);
}
