import {randomUUID} from 'node:crypto';
import type {Socket} from 'socket.io';
import {delayOf} from '../common/timers';
import {internalsOf} from '../engine/internals';
import {emitToEach, Question} from '../engine/question';
import {ownerOf, takeRefusals} from '../namespace/guards';
import {AskError} from '../wire/ask-error';
import {checkValues} from '../wire/payload';
import {SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {checkResult, readAnswer} from './answer';
import type {Asked} from './options';
import {askOtherNodes, emitToOtherNodes, hasOtherNodes} from './other-nodes';
import type {AskingEndpoint, Outcome, Target} from './ports';

/** Takes the course of a round. It calls `end` of the round when it needs no more outcomes. */
export interface RoundListener {
  /** Called once for each socket that has answered, or that has left. */
  settled(outcome: Outcome): void;
  /** Called once, when nobody is left who could answer. */
  exhausted(): void;
  /** Called once, when the time is over: with the sockets of this node that have not answered. */
  timedOut(error: AskError, silent: Socket[]): void;
  /** Called once, when the ask has failed for another reason. */
  failed(reason: unknown): void;
}

type Ack = (this: Socket, value?: unknown) => void;

/** The acks of all rounds, by which a socket that leaves finds its own. */
const acks = new WeakSet<Ack>();

/** Ends the wait for a socket that has left. */
export function leaveRounds(socket: Socket): void {
  for (const ack of [...internalsOf(socket).acks.values()])
    if (acks.has(ack)) ack.call(socket, SocketErrors.clientGone());
}

/** One ask, from its first packet until nobody is awaited. It leaves no ack, timer or listener behind. */
export class Round {
  /** Sockets of this node without an answer yet, with the question of their namespace. */
  private readonly asked = new Map<Socket, Question>();
  /** Targets whose sockets on other nodes were asked. */
  private readonly askedElsewhere: Target[] = [];
  /** Number of things besides sockets of this node that may bring an outcome. */
  private pending = 0;
  private ended = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly id: string | undefined;
  private readonly ack: Ack;

  constructor(
    private readonly ask: Asked,
    private readonly targets: readonly Target[],
    private readonly endpoint: AskingEndpoint,
    private readonly listener: RoundListener,
    private readonly onEnd: (round: Round) => void,
  ) {
    const take = this.receive.bind(this);
    this.id = ask.cancellable ? randomUUID() : undefined;
    this.ack = function (value) {
      take(this, value);
    };
    takeRefusals(this.ack);
    acks.add(this.ack);
  }

  /** Asks all sockets. Fails when the args cannot be encoded. */
  start(): void {
    const {signal, timeout} = this.ask;
    this.timer = setTimeout(this.timeOut, delayOf(timeout));
    signal?.addEventListener('abort', this.abort);
    this.pending++;
    try {
      for (const target of this.targets) {
        this.askHere(target);
        if (hasOtherNodes(target)) void this.askElsewhere(target);
      }
      this.release();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the ask for everyone who has not answered. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.ask.signal?.removeEventListener('abort', this.abort);
    for (const [socket, question] of this.asked) question.forget(socket);
    this.cancel();
    this.asked.clear();
    this.onEnd(this);
  }

  /** Ends the ask, and reports why. */
  fail(reason: unknown): void {
    if (this.ended) return;
    this.end();
    this.listener.failed(reason);
  }

  private get data(): unknown[] {
    const {event, args} = this.ask;
    if (this.id !== undefined) return [event, args, {$call: {id: this.id}}];
    return args === undefined ? [event] : [event, args];
  }

  private askHere({namespace, sockets}: Target): void {
    let question: Question | undefined;
    for (const socket of sockets) {
      if (this.ended || !ownerOf(socket)?.authenticated) continue;
      question ??= new Question(namespace, this.data);
      this.asked.set(socket, question);
      question.send(socket, this.ack);
    }
  }

  private async askElsewhere(target: Target): Promise<void> {
    this.pending++;
    let isDone = false;
    const done = () => {
      if (!isDone) this.release();
      isDone = true;
    };
    const answered = (value: unknown) => {
      if (!this.ended) this.settle(undefined, this.refusalOf(value) ?? value);
    };
    const isOver = () => this.ended;
    const {timeout} = this.ask;
    try {
      const listener = {answered, done, isOver};
      if (await askOtherNodes(target, this.data, timeout, listener))
        this.askedElsewhere.push(target);
    } catch (error) {
      this.endpoint.report(error, 'ask');
      done();
    }
  }

  /** A socket of this node has its answers checked by its owner. */
  private refusalOf(value: unknown) {
    return checkValues([value], this.endpoint.prohibitedKeys, 0);
  }

  private receive(socket: Socket, value: unknown): void {
    const question = this.asked.get(socket);
    if (!question) return;
    this.asked.delete(socket);
    question.forget(socket);
    this.settle(socket, value);
  }

  private settle(socket: Socket | undefined, value: unknown): void {
    const answer = readAnswer(value);
    const {schema} = this.ask;
    this.pending++;
    if (answer.error || !schema) {
      this.listener.settled({socket, ...answer});
      this.release();
      return;
    }
    checkResult(answer.result, schema, this.endpoint).then(
      checked => {
        if (this.ended) return;
        this.listener.settled({socket, ...checked});
        this.release();
      },
      (error: unknown) => this.fail(error),
    );
  }

  private release(): void {
    this.pending--;
    if (this.ended || this.pending > 0 || this.asked.size > 0) return;
    this.end();
    this.listener.exhausted();
  }

  private readonly timeOut = (): void => {
    const silent = [...this.asked.keys()];
    const error = AskError.of(SocketErrors.callTimeout(this.ask.timeout));
    this.end();
    this.listener.timedOut(error, silent);
  };

  private readonly abort = (): void => this.fail(this.ask.signal?.reason);

  /** Tells those who have not answered that no answer is needed. */
  private cancel(): void {
    const {id} = this;
    if (id === undefined) return;
    const data = [SocketEvents.CANCEL, {id}];
    for (const target of this.targets) {
      const waiting = target.sockets.filter(socket => this.asked.has(socket));
      emitToEach(target.namespace, waiting, data);
    }
    for (const target of this.askedElsewhere) emitToOtherNodes(target, data);
  }
}
