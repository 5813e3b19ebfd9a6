import {Decoder, Encoder} from 'socket.io-parser';
import type {Packet} from 'socket.io-parser';

/** As the default one, with bytes all over. */
class BytesEncoder extends Encoder {
  override encode(packet: Packet) {
    return [Buffer.from(String(super.encode(packet)[0]))];
  }
}

class TextDecoder extends Decoder {
  override add(data: unknown) {
    super.add(String(data));
  }
}

/** A parser of an application, for a server and its clients. */
export const bytesParser = {Encoder: BytesEncoder, Decoder: TextDecoder};
