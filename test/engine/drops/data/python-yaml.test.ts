import { describe, expect, it } from 'vitest';
import { parsePythonJson } from '../../../../engine/drops/data/python-json.ts';
import { pythonYamlText } from '../../../../engine/drops/data/python-yaml.ts';
import type { PyValue } from '../../../../engine/drops/pyrepr/index.ts';

const yaml = (value: unknown): string =>
  pythonYamlText(parsePythonJson(typeof value === 'string' ? value : JSON.stringify(value)) as PyValue);

/** Expected texts are what PyYAML 6 wrote for the same values. */
describe('YAML as Python writes it', () => {
  it('has its keys in order, lists as far left as their key, and nothing for nothing', () => {
    expect(yaml({ b: { z: [1, [2, 3], { y: 1, x: null }], e: {} }, a: [] })).toBe(
      'a: []\nb:\n  e: {}\n  z:\n  - 1\n  - - 2\n    - 3\n  - x: null\n    y: 1\n',
    );
  });

  it('tells whole numbers from others', () => {
    expect(yaml('{"a": 3, "b": 3.0, "c": 1e17, "d": 12345678901234567890, "e": NaN, "f": -Infinity}')).toBe(
      'a: 3\nb: 3.0\nc: 1.0e+17\nd: 12345678901234567890\ne: .nan\nf: -.inf\n',
    );
  });

  it.each([
    ['plain', 'plain'],
    ['two words', 'two words'],
    ['', "''"],
    ['3', "'3'"],
    ['09', '09'],
    ['1.5e3', '1.5e3'],
    ['1.5e+3', "'1.5e+3'"],
    ['yes', "'yes'"],
    ['null', "'null'"],
    ['2020-01-02', "'2020-01-02'"],
    ['[1,2]', "'[1,2]'"],
    ['a: b', "'a: b'"],
    ['a:b', 'a:b'],
    ['a #b', "'a #b'"],
    ['-x', '-x'],
    ['- x', "'- x'"],
    ["it's ", "'it''s '"],
    ['zwölf', '"zw\\xF6lf"'],
    ['\u20ac \ud83d\ude00', '"\\u20AC \\U0001F600"'],
    ['a\tb', '"a\\tb"'],
    ['a\nb', "'a\n\n  b'"],
    ['a\n b', '"a\\n b"'],
  ])('writes the text %j as %s', (text, expected) => {
    expect(yaml({ k: text })).toBe(`k: ${expected}\n`);
  });

  it('folds long texts behind column 80', () => {
    const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');
    expect(yaml({ k: words(16) })).toBe(`k: ${words(13)}\n  word13 word14 word15\n`);
    expect(yaml({ k: `${words(16)} ` })).toBe(`k: '${words(13)}\n  word13 word14 word15 '\n`);
    expect(yaml({ k: `${words(14)} é` })).toBe(`k: "${words(13)}\\\n  \\ word13 \\xE9"\n`);
  });
});
