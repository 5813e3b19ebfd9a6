import {describe} from 'node:test';
import type {ClientOptions} from './client';

/** Runs the rules of one section of docs/protocol.md over each transport. */
export function describeSection(
  title: string,
  rules: (options: ClientOptions) => void,
): void {
  describe(title, () => {
    for (const transport of ['websocket', 'polling']) {
      describe(`over ${transport}`, () => rules({transports: [transport]}));
    }
  });
}

/** Rules of a section that only show in the frames, which a raw client polls. */
export function describeFrames(title: string, rules: () => void): void {
  describe(title, () => {
    describe('frame by frame', rules);
  });
}
