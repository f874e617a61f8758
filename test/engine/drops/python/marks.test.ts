import { describe, expect, it } from 'vitest';
import { OrderedOutput } from '../../../../engine/drops/python/marks.ts';
import type { Frame } from '../../../../engine/drops/util/frames.ts';

const result = (mark: number | undefined, id = mark): Frame => ({
  header: { t: 'result', id, ...(mark !== undefined && { mark }) },
  attachments: [],
});

/** What comes out, in order; raw output that follows other raw output is joined. */
function ordered(): { readonly output: OrderedOutput; readonly told: () => readonly string[] } {
  const told: (string | undefined)[] = [];
  let text = '';
  const endText = (): void => {
    if (text) told.push(text);
    text = '';
  };
  const output = new OrderedOutput({
    frame: ({ header }) => {
      endText();
      told.push(`#${String(header['id'])}`);
    },
    raw: (chunk) => void (text += chunk.toString('latin1')),
  });
  return {
    output,
    told: () => {
      endText();
      return told as string[];
    },
  };
}

describe('output of a worker on two pipes', () => {
  const raw = 'one\0weir 1\n\0weir 2\nthree\0\0weirdo \0weir x\n\0weir 3\nfour';
  const expected = ['one', '#1', '#2', 'three\0\0weirdo \0weir x\n', '#3', 'four'];
  const answers = [1, 2, 3].map((mark) => result(mark));

  it('is told in the order it was made, whichever pipe is read first', () => {
    for (const isRawFirst of [true, false]) {
      const { output, told } = ordered();
      if (isRawFirst) output.raw(Buffer.from(raw, 'latin1'));
      for (const answer of answers) output.frame(answer);
      if (!isRawFirst) output.raw(Buffer.from(raw, 'latin1'));
      expect(told()).toEqual(expected);
    }
  });

  it('is told in the same order where it comes in pieces', () => {
    for (let size = 1; size < raw.length; size++) {
      const { output, told } = ordered();
      for (let at = 0, next = 0; at < raw.length; at += size) {
        output.raw(Buffer.from(raw.slice(at, at + size), 'latin1'));
        const answer = answers[next++];
        if (answer) output.frame(answer);
      }
      for (const answer of answers.slice(Math.ceil(raw.length / size))) output.frame(answer);
      expect(told(), `pieces of ${size}`).toEqual(expected);
    }
  });

  it('is told at once while nothing has been answered', () => {
    const { output, told } = ordered();
    output.raw(Buffer.from('live'));
    expect(told()).toEqual(['live']);
  });

  it('holds up nothing that has no mark, before what waits for one', () => {
    const { output, told } = ordered();
    output.frame(result(undefined, 8));
    output.frame(result(1));
    output.frame(result(undefined, 9));
    expect(told()).toEqual(['#8']);
    output.raw(Buffer.from('\0weir 1\n'));
    expect(told()).toEqual(['#8', '#1', '#9']);
  });

  it('gets over a mark that is there twice and one that never comes', () => {
    const { output, told } = ordered();
    output.raw(Buffer.from('\0weir 1\na\0weir 1\nb\0weir 3\n'));
    for (const answer of answers) output.frame(answer);
    expect(told()).toEqual(['#1', 'ab', '#2', '#3']);
  });

  it('is told to its end when the process is gone', () => {
    const { output, told } = ordered();
    output.frame(result(1));
    output.raw(Buffer.from('last words\0we'));
    output.end();
    expect(told()).toEqual(['last words\0we', '#1']);
  });
});
