import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { JsonIndenter } from '../../../engine/reproducibility/json-indent.ts';
import { parsePythonJson, stringifyPythonJson } from '../../../engine/reproducibility/index.ts';

const indented = (text: string, level = 0, indenter = new JsonIndenter()): string | undefined => {
  const bytes = Buffer.from(`xx${text}yy`);
  if (!indenter.indent(bytes, 2, bytes.length - 2, level)) return undefined;
  return Buffer.from(indenter.text).toString();
};

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -7, 123456789012345),
    fc.stringMatching(/^[ !#-[\]-~]*$/),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[ !#-[\]-~]+$/), tie('value'), { maxKeys: 4 }),
  ),
}));

describe('JSON laid out again without being read', () => {
  it('is what reading and writing gives, whatever white space there was', () => {
    fc.assert(
      fc.property(plain.value, fc.constantFrom(undefined, 1, '\t'), fc.nat(3), (value, space, level) => {
        const text = JSON.stringify(value, undefined, space);
        expect(indented(text, level)).toBe(stringifyPythonJson(parsePythonJson(text), { indent: 4, level }));
      }),
    );
  });

  it.each(['"ü"', '"\\n"', '1.0', '[1e5]', '-0', 'NaN', '-Infinity', '{"\\u0041":1}', '"\u007f"'])(
    'is left to the slow way for %s',
    (text) => expect(indented(text)).toBeUndefined(),
  );

  it('says how many keys there are and where the values of some of them are', () => {
    const text = '{"a":{"rank":9},"rank": [0,1] ,"b":[{"reprodata":1}],"reprodata":{}}';
    const indenter = new JsonIndenter(['rank', 'reprodata']);
    const out = indented(text, 1, indenter) as string;
    expect(indenter.keys).toBe(4);
    const found = [...indenter.members].map(([key, { from, to, outFrom, outTo }]) => [
      key,
      `xx${text}`.slice(from, to).trim(),
      out.slice(outFrom, outTo).replaceAll(/\s/g, ''),
    ]);
    expect(found).toEqual([
      ['rank', '[0,1]', '[0,1]'],
      ['reprodata', '{}', '{}'],
    ]);
  });

  it('grows with what it has to write', () => {
    const text = JSON.stringify({
      long: 'x'.repeat(100_000),
      list: Array.from({ length: 5000 }, (_, i) => i),
    });
    expect(indented(text, 2)).toBe(stringifyPythonJson(JSON.parse(text), { indent: 4, level: 2 }));
  });
});
