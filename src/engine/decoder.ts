import type {Server as IoServer, Socket} from 'socket.io';
import {checkHandshake} from './handshake';
import {recordJoining} from './join-limits';
import {followJoins} from './joins';
import {isDeeper, isPlain, recordLong} from '../wire/json-text';
import {PacketTypes, parserOf} from './packets';
import type {DecodedPacket} from './packets';

/** Most levels of JSON that are parsed: each costs time before it can be refused. */
const MAX_PARSED_DEPTH = 10_000;

/** Most namespaces that a connection may join in a while: each costs more than a hundred events. */
const MAX_JOINS = 100;

/** The while, in ms. */
const JOINS_PERIOD = 10_000;

/** What a packet's JSON comes after, where a namespace is named: its name may hold quotes and brackets. */
const NAMESPACE = /^(?:[56][^-]*-|\d)\/[^,]*/;

/** What is known of the text that a decoder reads; a plain one is long, and shows nothing to be refused. */
type Text = 'short' | 'long' | 'plain';

// Symbols, because the application's parser may have members of any name.
const TEXT = Symbol('text');
const CONNECTION = Symbol('connection');
const FOLLOW = Symbol('follow');
const JOINS = Symbol('joins');
const PERIOD = Symbol('period');

/** What the decoder of a connection knows. */
interface Reading {
  readonly [TEXT]: Text;
  readonly [CONNECTION]: Socket['conn'] | undefined;
  /** How many namespaces its client has asked to join in a period, and which one that is. */
  [JOINS]: number;
  [PERIOD]: number;
}

/**
 * Checks what clients send before anything reads it, however deep it is: namespace functions, middleware
 * and adapters would otherwise walk it.
 *
 * @param closed - Told once of each connection of the server's, when it is closed and its sockets are
 * gone. socket.io makes a decoder for each connection and ends it with that; one more listener on each
 * connection would take more than the rest of what is known of it.
 * @returns A function for each engine of the server's.
 */
export function guardDecoders(
  io: IoServer,
  closed: (connection: Socket['conn']) => void,
): (engine: IoServer['engine']) => void {
  const parser = parserOf(io);
  const {Decoder} = parser._parser;
  let opening: Socket['conn'] | undefined;
  parser._parser = {
    ...parser._parser,
    Decoder: class extends Decoder {
      [TEXT]: Text = 'short';
      [CONNECTION] = opening;
      [JOINS] = 0;
      [PERIOD] = 0;

      constructor() {
        super();
        this.on('decoded', checkDecoded);
        // One of the application's that is no method is found before this class's.
        if (Object.hasOwn(this, 'destroy')) this[FOLLOW]();
      }

      override add(data: unknown): void {
        this[TEXT] = 'short';
        if (typeof data === 'string' && data.length > MAX_PARSED_DEPTH) {
          const json = data.replace(NAMESPACE, '');
          this[TEXT] = isPlain(json) ? 'plain' : 'long';
          if (this[TEXT] === 'long' && isDeeper(json, MAX_PARSED_DEPTH)) {
            throw new Error(`More than ${MAX_PARSED_DEPTH} levels.`);
          }
        }
        super.add(data);
      }

      override destroy(): void {
        super.destroy();
        this[FOLLOW]();
      }

      /** socket.io may be done with a connection before what it was sent has left. */
      private [FOLLOW](): void {
        const {[CONNECTION]: connection} = this;
        this[CONNECTION] = undefined;
        if (connection?.readyState === 'closed') closed(connection);
        else connection?.once('close', () => closed(connection));
      }
    },
  };
  return engine => {
    engine.prependListener('connection', (connection: Socket['conn']) => {
      opening = connection;
    });
    engine.on('connection', () => (opening = undefined));
  };
}

/** A listener that all decoders share. */
function checkDecoded(this: Reading, packet: DecodedPacket): void {
  if (packet.type === PacketTypes.CONNECT) {
    countJoin(this);
    checkHandshake(packet);
  }
  if (packet.type === PacketTypes.CONNECT || packet.type === PacketTypes.DISCONNECT)
    followJoins(this, packet);
  else if (this[TEXT] !== 'short' && isChecked(packet)) {
    recordLong(packet.data, this[TEXT] === 'plain');
  }
}

/** Says whether what a packet carries is checked where it is read. */
function isChecked({type}: DecodedPacket): boolean {
  return type === PacketTypes.EVENT || type === PacketTypes.ACK;
}

/** Closes a connection whose client joins too many namespaces, whether it leaves them again or not. */
function countJoin(reading: Reading): void {
  const {[CONNECTION]: connection} = reading;
  const period = Math.trunc(performance.now() / JOINS_PERIOD);
  if (reading[PERIOD] !== period) {
    reading[PERIOD] = period;
    reading[JOINS] = 0;
  }
  if (++reading[JOINS] > MAX_JOINS) connection?.close(true);
  recordJoining(connection);
}
