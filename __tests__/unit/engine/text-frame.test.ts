import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import * as ws from 'ws';
import {textFrame} from '../../../dist/engine/text-frame';

/** Returns the frame that `ws` sends for a text. */
function frameOf(text: string): Buffer {
  const {Sender} = ws as unknown as {
    Sender: {frame(data: Buffer, how: object): Buffer[]};
  };
  const how = {opcode: 1, fin: true, mask: false, rsv1: false, readOnly: false};
  return Buffer.concat(Sender.frame(Buffer.from(text), how));
}

describe('the frame of a text', () => {
  for (const length of [0, 1, 125, 126, 127, 128, 255, 256, 0xff80, 0xfffe, 0xffff]) {
    it(`is the frame of ws: ${length} characters`, () => {
      const text = 'x'.repeat(length);
      const frame = textFrame(text);
      assert.ok(frame !== undefined);
      assert.ok(Buffer.from(frame, 'latin1').equals(frameOf(text)));
    });
  }

  it('is left to ws when it is long', () => {
    assert.equal(textFrame('x'.repeat(0x10000)), undefined);
  });

  for (const text of ['é', 'x€', '\u{1f600}', '\ud800', '\x80']) {
    it(`is left to ws when it is not ASCII: ${JSON.stringify(text)}`, () => {
      assert.equal(textFrame(text), undefined);
    });
  }
});
