import type {Server as IoServer, Socket} from 'socket.io';
import {checkHandshake} from './handshake';
import {recordJoining} from './join-limits';
import {followJoins} from './joins';
import {isDeeper, isPlain, recordLong} from '../wire/json-text';
import {PacketTypes, parserOf} from './packets';
import type {DecodedPacket} from './packets';

/** Largest number of JSON levels that are parsed: parsing costs time before a payload can be refused. */
const MAX_PARSED_DEPTH = 10_000;

/**
 * Largest number of namespaces that a connection may join in a period: each costs more than a hundred events.
 */
const MAX_JOINS = 100;

/** The period, in ms. */
const JOINS_PERIOD = 10_000;

/**
 * The start of a packet's JSON when the packet names a namespace, whose name may hold quotes and brackets.
 */
const NAMESPACE = /^(?:[56][^-]*-|\d)\/[^,]*/;

/** State of the text that a decoder reads. A plain text is long, and holds nothing to refuse. */
type Text = 'short' | 'long' | 'plain';

// Symbols, because the application's parser may have members of any name.
const TEXT = Symbol('text');
const CONNECTION = Symbol('connection');
const FOLLOW = Symbol('follow');
const JOINS = Symbol('joins');
const PERIOD = Symbol('period');

/** State of a connection's decoder. */
interface Reading {
  readonly [TEXT]: Text;
  readonly [CONNECTION]: Socket['conn'] | undefined;
  /** Number of joins that the client has asked for in a period, and the number of that period. */
  [JOINS]: number;
  [PERIOD]: number;
}

/**
 * Checks the packets of clients before any other code reads them: namespace functions, middleware and
 * adapters would walk a payload of any depth.
 *
 * @param closed - Called once for each connection of the server, after it closed and its sockets left.
 * socket.io makes a decoder for each connection and destroys it at that time; a listener for each connection
 * would take more memory than the rest of its state.
 * @returns A function for each engine of the server.
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
        // A member of the application's decoder that is not a function would hide this class's method.
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

      /** socket.io may destroy the decoder before the connection's messages have left. */
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

/** Returns true when the payload of a packet is checked where it is read. */
function isChecked({type}: DecodedPacket): boolean {
  return type === PacketTypes.EVENT || type === PacketTypes.ACK;
}

/** Closes a connection whose client joins too many namespaces, even if it leaves them again. */
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
