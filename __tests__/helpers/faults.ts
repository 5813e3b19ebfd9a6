import {HttpErrors} from '@loopback/rest';

/** The error that a client receives for a fault whose text stays in the log. */
export const INTERNAL = {error: {statusCode: 500, message: 'Internal Server Error'}};

/** Something that goes wrong in a function of an application's. */
export interface Fault {
  /** The value that is thrown, rejected with, called back or answered. */
  readonly make: () => unknown;
  /** The answer of a call. */
  readonly answer: object;
  /** The number of times that it is logged. */
  readonly logged: number;
}

const internal = (make: () => unknown): Fault => ({make, answer: INTERNAL, logged: 1});
const trap = () => {
  throw new Error('A trap was sprung.');
};
/** Throws whatever is done with it. */
const hostile = (target: object): unknown =>
  new Proxy(
    target,
    Object.fromEntries(Object.getOwnPropertyNames(Reflect).map(name => [name, trap])),
  );

/** Values that may be thrown, by name. */
export const THROWN: Readonly<Record<string, Fault>> = {
  'an Error': internal(() => new Error('cause')),
  'a 4xx Error': {
    make: () => new HttpErrors.Conflict('taken'),
    answer: {error: {statusCode: 409, name: 'ConflictError', message: 'taken'}},
    logged: 0,
  },
  'a string': {make: () => 'text', answer: {error: 'text'}, logged: 0},
  undefined: internal(() => undefined),
  null: internal(() => null),
  'a symbol': internal(() => Symbol('cause')),
  'a BigInt': internal(() => 10n),
  'an object whose toString throws': {
    make: () => ({toString: trap}),
    answer: {error: {}},
    logged: 0,
  },
  'an object without a prototype': {
    make: () => Object.assign(Object.create(null), {a: 1}) as unknown,
    answer: {error: {a: 1}},
    logged: 0,
  },
  'an object whose class has no name': internal(() => {
    const thrown: unknown = Object.create(Object.create(null) as object);
    return thrown;
  }),
  'a circular object': internal(circular),
  'a frozen Error': internal(() => Object.freeze(new Error('cause'))),
  'an Error with throwing getters': internal(() => {
    const names = ['message', 'name', 'stack', 'code', 'statusCode', 'status', 'expose'];
    const properties = Object.fromEntries(names.map(name => [name, {get: trap}]));
    const error = new Error('cause');
    // V8 makes the stack when it is first read, from the name and the message.
    void error.stack;
    return Object.defineProperties(error, properties);
  }),
  'a 4xx Error with circular details': internal(() =>
    Object.assign(new HttpErrors.Conflict('taken'), {details: circular()}),
  ),
  'a Proxy of an Error': internal(() => new Proxy(new Error('cause'), {})),
  'a Proxy that throws at every trap': internal(() => hostile(new Error('cause'))),
};

/** Values that may be answered, by name. */
export const ANSWERED: Readonly<Record<string, Fault>> = {
  'a circular value': internal(circular),
  'a BigInt': internal(() => 10n),
  'a value of 100,000 levels': internal(() => {
    let value: unknown[] = [];
    for (let level = 0; level < 100_000; level++) value = [value];
    return value;
  }),
  'a value whose toJSON throws': internal(() => ({toJSON: trap})),
  'a value whose getter throws': internal(() =>
    Object.defineProperty({}, 'a', {get: trap, enumerable: true}),
  ),
  'a value with a hostile Proxy inside': internal(() => [hostile({})]),
  'a function': {make: () => () => 1, answer: {}, logged: 0},
};

/** Answers with promises inside that nobody waits for, by name. */
export const UNAWAITED: Readonly<Record<string, Fault>> = {
  'a value with a promise inside that rejects': {
    make: () => ({page: [{total: Promise.reject(new Error('cause'))}]}),
    answer: {result: {page: [{total: {}}]}},
    logged: 1,
  },
  'a promise that rejects beside binary data': {
    make: () => [Promise.reject(new Error('cause')), Buffer.from('a')],
    answer: {result: [{}, Buffer.from('a')]},
    logged: 1,
  },
  'a value with the same rejecting promise twice': {
    make: () => {
      const promise = Promise.reject(new Error('cause'));
      return [promise, {promise}];
    },
    answer: {result: [{}, {promise: {}}]},
    logged: 1,
  },
};

/** Values longer than a packet can be, which take a second, by name. */
export const HUGE_THROWN: Readonly<Record<string, Fault>> = {
  'an Error with a huge message': internal(() =>
    // Each character takes six in JSON.
    Object.assign(new Error('\u0001'.repeat(90_000_000)), {statusCode: 401}),
  ),
};

/** Values longer than a packet can be, which JSON refuses at once, by name. */
export const ENDLESS: Readonly<Record<string, Fault>> = {
  'an array longer than JSON can be': internal(endless),
  'a 4xx Error with details longer than JSON can be': internal(() =>
    Object.assign(new HttpErrors.Conflict('taken'), {details: endless()}),
  ),
};

/** Only JSON gives it a key; socket.io, which looks for binary data first, would walk it. */
function endless(): unknown {
  return {toJSON: (key?: string) => (key === undefined ? 0 : new Array(2 ** 28))};
}

/** Returned values that misbehave when they are read, by name. */
export const THENABLES: Readonly<Record<string, Fault>> = {
  'a thenable that throws': internal(() => ({
    then: () => {
      throw new Error('cause');
    },
  })),
  'a thenable whose then cannot be read': internal(() =>
    Object.defineProperty({}, 'then', {get: trap}),
  ),
  'a thenable that resolves, then rejects': {
    make: () => ({
      then(resolve: (value: number) => void, reject: (error: Error) => void) {
        resolve(1);
        reject(new Error('cause'));
      },
    }),
    answer: {result: 1},
    logged: 0,
  },
  'a thenable that rejects, then resolves and throws': internal(() => ({
    then(resolve: (value: number) => void, reject: (error: Error) => void) {
      reject(new Error('cause'));
      resolve(1);
      throw new Error('too late');
    },
  })),
  'a thenable that rejects later, twice': internal(() => ({
    then(_resolve: unknown, reject: (error: Error) => void) {
      setImmediate(() => {
        reject(new Error('cause'));
        reject(new Error('again'));
      });
    },
  })),
  'a thenable that resolves later': {
    make: () => ({
      then: (resolve: (value: number) => void) => void setImmediate(() => resolve(1)),
    }),
    answer: {result: 1},
    logged: 0,
  },
};

function circular(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

/** The ways in which a function fails. */
export const WAYS = {
  throw: ({make}: Fault) => {
    throw make();
  },
  reject: ({make}: Fault) => Promise.reject(make()),
  'reject later': async ({make}: Fault) => {
    await new Promise(setImmediate);
    throw make();
  },
  return: ({make}: Fault) => make(),
  resolve: ({make}: Fault) => Promise.resolve(make()),
  'never settle': () => new Promise(() => undefined),
} as const satisfies Record<string, (fault: Fault) => unknown>;

/** The ways in which a function with a callback fails. */
export const CALLBACK_WAYS = {
  'call an error back': ({make}: Fault, callback: Callback) => callback(make()),
  'call a result back': ({make}: Fault, callback: Callback) => callback(null, make()),
  'call a result back twice': ({make}: Fault, callback: Callback) => {
    callback(null, 1);
    callback(null, make());
    callback(make());
  },
  'call a result back, then throw': ({make}: Fault, callback: Callback) => {
    callback(null, 1);
    throw make();
  },
  'call a result back, then reject': async ({make}: Fault, callback: Callback) => {
    callback(null, 1);
    throw make();
  },
} as const satisfies Record<string, (fault: Fault, callback: Callback) => unknown>;

export type Way = keyof typeof WAYS;
export type CallbackWay = keyof typeof CALLBACK_WAYS;
export type Callback = (error: unknown, result?: unknown) => void;

/** A fault to happen: at which place, what, and how. */
export interface Order {
  readonly at: string;
  readonly fault: string;
  readonly way: Way | CallbackWay;
}

const FAULTS: Readonly<Record<string, Fault>> = Object.fromEntries(
  Object.entries({THROWN, ANSWERED, UNAWAITED, ENDLESS, HUGE_THROWN, THENABLES}).flatMap(
    ([kind, faults]) =>
      Object.entries(faults).map(([name, fault]) => [`${kind} ${name}`, fault]),
  ),
);

/** Lets a fault happen if it was ordered for this place; otherwise runs `otherwise`. */
export function obey(
  order: Partial<Order> | undefined,
  place: string,
  otherwise: () => unknown = () => undefined,
  callback: Callback = () => undefined,
): unknown {
  if (order?.at !== place) return otherwise();
  const {fault = '', way = 'throw'} = order;
  if (way in WAYS) return WAYS[way as Way](FAULTS[fault]);
  return CALLBACK_WAYS[way as CallbackWay](FAULTS[fault], callback);
}
