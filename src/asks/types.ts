/* eslint-disable @typescript-eslint/no-invalid-void-type -- an event may ask for nothing */
import type {EventsMap} from '../options/types';
import type {AskError} from '../wire/ask-error';
import type {Reply} from '../wire/protocol';
import type {AskOptions} from './options';

/** The result in the type of a reply. */
type ResultIn<Answer> = Answer extends {result?: infer Result; error?: undefined}
  ? Result
  : never;

/** The question of an event: `(args) => Answer`, or `(args, ack: (reply: Reply<Answer>) => void) => void`. */
type Shape<Listener> = Listener extends (...args: infer Args) => infer Answer
  ? Args extends [...infer Asked, (reply: infer Answered) => unknown]
    ? Reply<never, never> extends Answered
      ? {args: Asked; answer: ResultIn<Answered>}
      : never
    : [Answer] extends [void]
      ? never
      : {args: Args; answer: Awaited<Answer>}
  : never;

/** True for events that the application has not listed. */
type IsLoose<Events> = string extends keyof Events ? true : false;

/** The names of events that ask for an answer. */
export type AskEvent<Events extends EventsMap> =
  IsLoose<Events> extends true
    ? string
    : {
        [Event in keyof Events & string]: [Shape<Events[Event]>] extends [never]
          ? never
          : Event;
      }[keyof Events & string];

type ArgsAndOptions<Args> = Args extends []
  ? [args?: undefined, options?: AskOptions]
  : Args extends [infer Value]
    ? [args: Value, options?: AskOptions]
    : Args extends [(infer Value)?]
      ? [args?: Value, options?: AskOptions]
      : never;

/** The args and the options of an ask. */
export type AskArguments<Events extends EventsMap, Event extends keyof Events> =
  IsLoose<Events> extends true
    ? [args?: unknown, options?: AskOptions]
    : ArgsAndOptions<Shape<Events[Event]>['args']>;

/** The result of an ask. */
export type AskAnswer<Events extends EventsMap, Event extends keyof Events> =
  IsLoose<Events> extends true
    ? // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the events are not listed
      any
    : Shape<Events[Event]>['answer'];

/** The answer of one socket in `server.askRoom`, or the error that stands for it. */
export type RoomAnswer<Answer = unknown, Socket = unknown> =
  | {
      /** `undefined` for a socket of another node. */
      socket: Socket | undefined;
      result: Answer;
      error?: undefined;
    }
  | {socket: Socket | undefined; result?: undefined; error: AskError};
