/**
 * Types of what a server offers, for its controllers and its clients alike. An Api is a map of functions
 * `(args) => Result`, or `(args) => AsyncIterable<Item>` for streams; Events is a map of `(payload) => void`, or
 * `(args) => Answer` for what the server asks. Both are written in the wire's types: a date is a `string`.
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- a controller's socket, credentials and injected parameters are its own */
/* eslint-disable @typescript-eslint/no-invalid-void-type -- a result may be none */
import type {
  CallOptions,
  DrainingBody,
  ErrorBody,
  ExpiringBody,
  FailedBody,
  Reply,
  UnauthorizedBody,
} from './protocol';
import type {Tracked} from './tracked';

type AnyFunction = (...args: any[]) => unknown;

/** `true` for `any`, also for a type that is not found: in tuples, as it would make the condition itself `any`. */
export type IsAny<T> = [0] extends [1 & T] ? true : false;

/** A value as JSON and socket.io send it: dates are strings; methods and ids of items are left out. */
export type Wire<T> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? T
      : T extends Tracked<infer Value>
        ? Wire<Value>
        : T extends string | number | boolean | null | undefined
          ? T
          : T extends bigint | symbol | AnyFunction
            ? never
            : T extends ArrayBuffer | ArrayBufferView
              ? ArrayBuffer | Uint8Array
              : T extends {toJSON(): infer Json extends string | number}
                ? Json
                : T extends readonly unknown[]
                  ? {[Index in keyof T]: Wire<T[Index]>}
                  : T extends object
                    ? {
                        [Name in keyof T as Sent<Name, T[Name]>]: Wire<T[Name]>;
                      }
                    : T;

/** The name of a property, unless it is a method, which does not travel. */
type Sent<Name, Value> = Name extends symbol
  ? never
  : [Value] extends [AnyFunction | undefined]
    ? [Value] extends [undefined]
      ? Name
      : IsAny<Value> extends true
        ? Name
        : never
    : Name;

/** Args are the third parameter of a method; what follows is injected. */
type ArgsOf<Parameters> = Parameters extends [
  unknown?,
  unknown?,
  (infer Args)?,
  ...unknown[],
]
  ? Parameters['length'] extends 0 | 1 | 2
    ? []
    : [unknown] extends [Args]
      ? [args?: Args]
      : Parameters extends [unknown, unknown, unknown, ...unknown[]]
        ? [args: Wire<Args>]
        : [args?: Wire<Args>]
  : [];

type ResultOf<Result> =
  Awaited<Result> extends AsyncIterable<infer Item>
    ? AsyncIterable<Wire<Item>>
    : Wire<Awaited<Result>>;

type CallOf<Method> = Method extends (...args: infer Parameters) => infer Result
  ? (...args: ArgsOf<Parameters>) => ResultOf<Result>
  : never;

/**
 * The Api of a controller class: the methods that it serves, and those that have another name on the wire.
 *
 * @example
 * ```ts
 * type Api = CallsOf<OrdersController, 'find' | 'count', {close: 'closeOrder'}>;
 * ```
 */
export type CallsOf<
  Controller,
  Names extends keyof Controller,
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no other names
  Renamed extends Record<string, keyof Controller> = {},
> = {
  [Name in Names]: CallOf<Controller[Name]>;
} & {
  [Name in keyof Renamed]: CallOf<Controller[Renamed[Name]]>;
};

/** The values that JSON turns into a result. */
type Sendable<Result> =
  IsAny<Result> extends true
    ? any
    : unknown extends Result
      ? unknown
      : Result extends string
        ? string extends Result
          ? string | Date | {toJSON(): string}
          : Result
        : Result extends number | boolean | null | undefined
          ? Result
          : Result extends ArrayBuffer | ArrayBufferView
            ? Result | ArrayBuffer | ArrayBufferView
            : Result extends readonly unknown[]
              ? {[Index in keyof Result]: Sendable<Result[Index]>}
              : Result extends object
                ? {[Name in keyof Result]: Sendable<Result[Name]>}
                : Result;

type Items<Item> = AsyncIterable<Sendable<Item> | Tracked<Sendable<Item>>>;

type Returned<Result> =
  IsAny<Result> extends true
    ? any
    : Result extends AsyncIterable<infer Item>
      ? Items<Item> | Promise<Items<Item>>
      : [Result] extends [void]
        ? unknown
        : Sendable<Result> | Promise<Sendable<Result>>;

/**
 * The interface that a controller class implements to serve an Api that is written first.
 *
 * @example
 * ```ts
 * interface ChatApi {
 *   say(args: {text: string}): {at: string};
 * }
 * class ChatController implements Serves<ChatApi> {
 *   @socketMethod()
 *   say(socket: Socket, credentials: unknown, args: {text: string}) {
 *     return {at: new Date()};
 *   }
 * }
 * ```
 */
export type Serves<Api, Socket = any, Credentials = any> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (
        socket: Socket,
        credentials: Credentials,
        args: Args extends [unknown?] ? (Args extends [] ? any : Args[0]) : never,
        ...injected: any[]
      ) => Returned<Result>
    : never;
};

/** The names of Events that ask for an answer. */
export type AskNames<Events> = {
  [Name in keyof Events]: Events[Name] extends (...args: any[]) => infer Answer
    ? IsAny<Answer> extends true
      ? never
      : [Answer] extends [void]
        ? never
        : Name
    : never;
}[keyof Events];

interface CallEnvelope {
  $call: CallOptions;
}

type Ack<Result> = (reply: Reply<Result>) => void;

type Emitted<Args, Ack> = Args extends []
  ? [ack: Ack] | [args: null | undefined, options: CallEnvelope, ack: Ack]
  : Args extends [infer Value]
    ? [args: Value, ack: Ack] | [args: Value, options: CallEnvelope, ack: Ack]
    : Args extends [(infer Value)?]
      ? | [ack: Ack]
        | [args: Value | null | undefined, ack: Ack]
        | [args: Value | null | undefined, options: CallEnvelope, ack: Ack]
      : never;

/**
 * The events that an ordinary client of socket.io sends, each with an ack and with or without `$call`.
 *
 * @example
 * ```ts
 * const socket: Socket<ListenEvents<Events>, EmitEvents<Api>> = io(url);
 * const {result, error} = await socket.emitWithAck('say', {text: 'Hello'});
 * ```
 */
export type EmitEvents<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Emitted<Args, Ack<Awaited<Result>>>) => void
    : never;
} & {
  authentication: (
    credentials: unknown,
    ack: (reply: Reply<true, UnauthorizedBody>) => void,
  ) => void;
};

/** The events that an ordinary client of socket.io receives. */
export type ListenEvents<Events> = Omit<Events, AskNames<Events>> & {
  [Name in AskNames<Events>]: Events[Name] extends (...args: infer Args) => infer Answer
    ? (
        ...args: [
          ...args: Args,
          ack: (reply: Reply<Awaited<Answer>, Partial<ErrorBody>>) => void,
        ]
      ) => void
    : never;
} & {
  authenticated: (value: true) => void;
  unauthorized: (body: UnauthorizedBody) => void;
  expiring: (body: ExpiringBody) => void;
  draining: (body: DrainingBody) => void;
  failed: (body: FailedBody) => void;
};
