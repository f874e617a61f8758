import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asNumber,
  fromJson,
  isTruthy,
  NumpyScalar,
  parseLiteral,
  PyComplex,
  PyDict,
  pyRepr,
  PySet,
  pyStr,
  PyTuple,
  reprFloat,
  type PyValue,
} from '../../../../engine/drops/pyrepr/index.ts';
import { anyText, literalValue } from './arbitrary.ts';
import { askPython, whyNoPython } from './python-oracle.ts';

// Both sides carry Unicode tables of different years: only characters Python's knows are compared.
const ASSIGNED = 'all(__import__("unicodedata").category(c)!="Cn" for c in t)';

describe('Python texts of plain values', () => {
  it('are those Python shows', () => {
    const cases: [PyValue, string][] = [
      [null, 'None'],
      [true, 'True'],
      [3n, '3'],
      [3, '3.0'],
      [1e16, '1e+16'],
      [1e-5, '1e-05'],
      [0.1 + 0.2, '0.30000000000000004'],
      [123456789.125, '123456789.125'],
      ["it's", '"it\'s"'],
      ['a\'b"c\n', "'a\\'b\"c\\n'"],
      [Buffer.from('plain'), "b'plain'"],
      [Buffer.from([0, 0x27, 0xff]), 'b"\\x00\'\\xff"'],
      [new PyTuple([1n]), '(1,)'],
      [new PyTuple([]), '()'],
      [new PyDict([['a', [1n, 2]]]), "{'a': [1, 2.0]}"],
      [new PySet([]), 'set()'],
      [new PyComplex(1, -2), '(1-2j)'],
      [NumpyScalar.float64(6.5), '6.5'],
    ];
    for (const [value, text] of cases) expect(pyRepr(value)).toBe(text);
  });

  it('tell a text from its repr', () => {
    expect(pyStr('x')).toBe('x');
    expect(pyRepr('x')).toBe("'x'");
  });

  it('end when a list holds itself', () => {
    const list: PyValue[] = [1n];
    list.push(list);
    expect(pyRepr(list)).toBe('[1, [...]]');
  });

  it.skipIf(whyNoPython)('are those of CPython for any value', () => {
    fc.assert(
      fc.property(fc.array(literalValue, { minLength: 60, maxLength: 120 }), (values) => {
        const texts = values.map(pyRepr);
        const answers = askPython<[string, boolean][]>(
          'import ast\nanswer=[[repr(ast.literal_eval(t)),' + ASSIGNED + '] for t in cases]',
          texts,
        );
        values.forEach((value, i) => {
          const [text, isKnown] = answers[i] as [string, boolean];
          // The order of a set is Python's own business.
          if (isKnown && !hasSet(value)) expect(text).toBe(texts[i]);
        });
      }),
      { numRuns: 6 },
    );
  });

  it.skipIf(whyNoPython)('of floats are those of CPython to the last digit', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 500, maxLength: 500 }), (floats) => {
        const hex = floats.map((x) => Buffer.from(new Float64Array([x]).buffer).toString('hex'));
        const answers = askPython<string[]>(
          'import struct\nanswer=[repr(struct.unpack("<d",bytes.fromhex(h))[0]) for h in cases]',
          hex,
        );
        expect(floats.map(reprFloat)).toEqual(answers);
      }),
      { numRuns: 4 },
    );
  });

  it.skipIf(whyNoPython)('of texts are those of CPython for every kind of character', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 200, maxLength: 200 }), (texts) => {
        const answers = askPython<[string, boolean][]>(
          'answer=[[repr(t),' + ASSIGNED + '] for t in cases]',
          texts,
        );
        texts.forEach((t, i) => {
          const [text, isKnown] = answers[i] as [string, boolean];
          if (isKnown) expect(pyRepr(t)).toBe(text);
        });
      }),
      { numRuns: 4 },
    );
  });
});

describe('Python literals', () => {
  it('are read to the value they write', () => {
    fc.assert(
      fc.property(literalValue, (value) => {
        expect(pyRepr(parseLiteral(pyRepr(value)))).toBe(pyRepr(value));
      }),
    );
  });

  it('come in all the spellings Python has', () => {
    const cases: [string, string][] = [
      ['0x_ff', '255'],
      ['0b101', '5'],
      ['1_000', '1000'],
      ['.5', '0.5'],
      ['1.', '1.0'],
      ['1e3', '1000.0'],
      ['- 3', '-3'],
      ['1+2j', '(1+2j)'],
      ['"a" \'b\'', "'ab'"],
      ["'''x\ny'''", "'x\\ny'"],
      ["r'\\n'", "'\\\\n'"],
      ["b'\\x00a'", "b'\\x00a'"],
      ["'\\u00e9\\101'", "'éA'"],
      ['1, 2', '(1, 2)'],
      ['(1)', '1'],
      ['{1: 2, }', '{1: 2}'],
      ['{1, True}', '{1}'],
      ['[1, # one\n 2]', '[1, 2]'],
      ['set()', 'set()'],
    ];
    for (const [text, repr] of cases) expect(pyRepr(parseLiteral(text)), text).toBe(repr);
  });

  it('are nothing that could run', () => {
    for (const text of [
      '__import__("os")',
      'x',
      '1+2',
      'f"{1}"',
      '[i for i in ()]',
      '(lambda: 1)',
      'open("x")',
      '1 if 1 else 2',
      '{**{}}',
    ])
      expect(() => parseLiteral(text), text).toThrow(/Python literal/);
  });

  it('are refused where they are broken, with the place', () => {
    for (const text of ['', '[1, 2', "'abc", '{1: }', '01', '1__0', '(,)', '[1 2]', '{[]: 1}', "'\\x1'"])
      expect(() => parseLiteral(text), text).toThrow(/Python literal/);
    expect(() => parseLiteral('['.repeat(5000))).toThrow(/nested less deeply/);
  });
});

describe('plain values', () => {
  it('from JSON keep whole numbers whole', () => {
    expect(pyRepr(fromJson({ a: [1, 2.5, null, true, 'x'] }))).toBe("{'a': [1, 2.5, None, True, 'x']}");
  });

  it('have the truth and the number Python gives them', () => {
    expect([null, false, 0n, 0, '', [], new PyTuple([]), new PyDict()].some(isTruthy)).toBe(false);
    expect([true, 1n, 0.5, 'x', [0n], NumpyScalar.int64(2n)].every(isTruthy)).toBe(true);
    expect(asNumber(true)).toBe(1);
    expect(asNumber('1')).toBeUndefined();
  });

  it('are one key where Python holds them equal', () => {
    const dict = new PyDict([
      [1n, 'a'],
      [1, 'b'],
      [true, 'c'],
    ]);
    expect(dict.size).toBe(1);
    expect(dict.get(1n)).toBe('c');
    expect(() => dict.set([], null)).toThrow("unhashable type: 'list'");
  });
});

function hasSet(value: PyValue): boolean {
  if (value instanceof PySet) return true;
  if (Array.isArray(value)) return value.some(hasSet);
  if (value instanceof PyTuple) return value.items.some(hasSet);
  return value instanceof PyDict && value.entries().some(([, item]) => hasSet(item));
}
