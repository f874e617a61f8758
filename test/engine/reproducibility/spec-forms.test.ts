import { describe, expect, it } from 'vitest';

import { BlockIndex } from '../../../engine/reproducibility/block-index.ts';
import { SpecForms } from '../../../engine/reproducibility/spec-forms.ts';

/** The form of a text, and the values of its holes. */
function reading(forms: SpecForms, text: string): { index: number; own: Record<string, string> } | undefined {
  const bytes = Buffer.from(`..${text}..`);
  const form = forms.read(bytes, 2, bytes.length - 2);
  return (
    form && {
      index: form.index,
      own: Object.fromEntries(
        form.holes.map((key, i) => [key, bytes.toString('utf8', forms.starts[i], forms.ends[i])]),
      ),
    }
  );
}

describe('forms of specifications', () => {
  it('are the same where only own values differ, which are found wherever they end', () => {
    const forms = new SpecForms(['oid', 'links', 'rank']);
    const first = reading(forms, '{"oid":"a","p":1,"links":[{"b":"io"}],"rank":[0],"q":{"oid":2}}');
    expect(first).toEqual({ index: 0, own: { oid: '"a"', links: '[{"b":"io"}]', rank: '[0]' } });
    const second = reading(forms, '{"oid":"long}]","p":1,"links":[],"rank":-1.5e3,"q":{"oid":2}}');
    expect(second).toEqual({ index: 0, own: { oid: '"long}]"', links: '[]', rank: '-1.5e3' } });
  });

  it('are others where anything else differs, and are found again when they come by turns', () => {
    const forms = new SpecForms(['oid']);
    const texts = [
      '{"oid":"a","p":1}',
      '{"oid":"a","p":2}',
      '{"p":1,"oid":"a"}',
      '{"oid":"a","p":1 }',
      '{"p":1}',
    ];
    const twice = [...texts, ...texts, ...texts.toReversed()].map((text) => reading(forms, text)?.index);
    expect(twice).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0]);
  });

  it.each([
    ['escapes in own values', '{"oid":"a\\"b","p":1}'],
    ['own values beyond ASCII', '{"oid":"ü","p":1}'],
    ['a key twice', '{"oid":"a","p":1,"oid":"b"}'],
    ['escaped keys', '{"o\\u0069d":"a","p":1}'],
    ['what is no object', '[1]'],
  ])('are not made of %s', (_, text) => {
    const forms = new SpecForms(['oid']);
    reading(forms, '{"oid":"a","p":1}');
    expect(reading(forms, text)).toBeUndefined();
    expect(reading(forms, '{"oid":"c","p":1}')?.own).toEqual({ oid: '"c"' });
  });

  it('leave texts that are the same for all as they are, whatever is in them', () => {
    const forms = new SpecForms(['oid']);
    const text = (oid: string): string => `{"p":"ü\\"}\\\\","oid":"${oid}","q":["\\u0041",{"oid":"x"}]}`;
    expect(reading(forms, text('a'))?.own).toEqual({ oid: '"a"' });
    expect(reading(forms, text('bb'))).toEqual({ index: 0, own: { oid: '"bb"' } });
  });
});

describe('blocks made of the same parts', () => {
  const parts = (...numbers: number[]): [Uint32Array, number] => [Uint32Array.from(numbers), numbers.length];

  it('are found by all of their parts, among many', () => {
    const index = new BlockIndex();
    const key = (i: number): [Uint32Array, number] => parts(i % 7, i, ...(i % 2 === 0 ? [i] : []));
    for (let i = 0; i < 3000; i++) {
      expect(index.find(...key(i))).toBe(-1);
      index.add(i, ...key(i));
    }
    for (let i = 0; i < 3000; i++) expect(index.find(...key(i))).toBe(i);
    expect(index.find(...parts(1, 0))).toBe(-1);
    expect(index.find(...parts(0))).toBe(-1);
  });

  it('are not looked for any more where hardly any are there twice', () => {
    const [useful, useless] = [new BlockIndex(), new BlockIndex()];
    for (let i = 0; i < 10_000 && useless.isUseful; i++) {
      if (useless.find(...parts(i)) < 0) useless.add(i, ...parts(i));
      if (useful.find(...parts(i % 100)) < 0) useful.add(i, ...parts(i % 100));
    }
    expect([useful.isUseful, useless.isUseful]).toEqual([true, false]);
  });
});
