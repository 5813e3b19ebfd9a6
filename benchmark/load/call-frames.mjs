import {encodeFrame} from './frames.mjs';

const ZERO = 0x30;

/** The frames of one connection's calls, and what their answers must be, byte for byte. */
export class CallFrames {
  constructor(wire, number, slots) {
    this.slotAt = wire.slotAt;
    this.prefix = Buffer.from(wire.answerPrefix);
    this.calls = Array.from({length: slots}, (_, slot) => encodeFrame(wire.call(slot)));
    this.answers = Array.from({length: slots}, (_, slot) =>
      Buffer.from(wire.answer(slot, number)),
    );
  }

  /** The slot that a message answers, or -1 when it is no answer. Throws when the answer is wrong. */
  slotOf(chunk, start, end) {
    const {prefix} = this;
    if (chunk[start] !== prefix[0] || chunk[start + 1] !== prefix[1]) return -1;
    let at = start + this.slotAt;
    let slot = 0;
    for (let digit; (digit = chunk[at] - ZERO) >= 0 && digit <= 9; at++) {
      slot = slot * 10 + digit;
    }
    const answer = this.answers[slot];
    if (!answer || chunk.compare(answer, 0, answer.length, start, end) !== 0) {
      const text = chunk.toString('utf8', start, end);
      throw new Error(`A wrong answer: ${text} instead of ${String(answer)}`);
    }
    return slot;
  }
}
