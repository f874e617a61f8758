import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadPickle, NeedsPython, readPickle, writePickle } from '../../../../engine/drops/pickle/index.ts';
import {
  fromJson,
  NdArray,
  NumpyScalar,
  PyComplex,
  PyDict,
  pyRepr,
  PyRange,
  PySet,
  PyTuple,
  type PyValue,
} from '../../../../engine/drops/pyrepr/index.ts';
import { plainValue } from '../pyrepr/arbitrary.ts';
import { askPython, whyNoNumpy, whyNoPython } from '../pyrepr/python-oracle.ts';

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const unbase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

describe('the pickle codec', () => {
  it('writes what DALiuGE recorded for plain values', () => {
    const golden: [PyValue, string][] = [
      [16n, 'gARLEC4='],
      [[4n, 1n, 3n], 'gASVCwAAAAAAAABdlChLBEsBSwNlLg=='],
      [new PyTuple([1n, 2n]), 'gASVBwAAAAAAAABLAUsChpQu'],
      [11.1, 'gASVCgAAAAAAAABHQCYzMzMzMzMu'],
      [false, 'gASJLg=='],
      [
        fromJson({ a: 1, b: 'test' }),
        base64(
          writePickle(
            new PyDict([
              ['a', 1n],
              ['b', 'test'],
            ]),
          ),
        ),
      ],
    ];
    for (const [value, text] of golden) expect(base64(writePickle(value))).toBe(text);
  });

  it('writes numpy values as numpy does, so that any numpy reads them', () => {
    const array = NdArray.of(new BigInt64Array([20n, 30n]));
    expect(base64(writePickle(array))).toBe(
      'gASVmAAAAAAAAACMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwKFlGgDjAVkdHlwZZSTlIwCaTiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYolDEBQAAAAAAAAAHgAAAAAAAACUdJRiLg==',
    );
    expect(base64(writePickle(NumpyScalar.float64(5)))).toBe(
      'gASVaQAAAAAAAACMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMBnNjYWxhcpSTlIwFbnVtcHmUjAVkdHlwZZSTlIwCZjiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYkMIAAAAAAAAFECUhpRSlC4=',
    );
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        expect(pyRepr(readPickle(writePickle(value)))).toBe(pyRepr(value));
      }),
    );
  });

  it('keeps one object one object, also inside itself', () => {
    const inner: PyValue[] = [];
    inner.push(inner, new PyTuple([inner]));
    const [first, second] = readPickle(writePickle([inner, inner])) as PyValue[][];
    expect(first).toBe(second);
    expect(first?.[0]).toBe(first);
  });

  it('refuses everything that could make more than data', () => {
    const calls: Record<string, string> = {
      system: "cos\nsystem\n(S'true'\ntR.",
      eval: "c__builtin__\neval\n(S'1'\ntR.",
      getattr: "cbuiltins\ngetattr\n(I1\nS'x'\ntR.",
      instance: '(iuser\nThing\n.',
      persistent: 'Pname\n.',
      asValue: 'cnumpy\nndarray\n.',
    };
    for (const [name, text] of Object.entries(calls))
      expect(() => readPickle(Buffer.from(text, 'latin1')), name).toThrow(NeedsPython);
  });

  it('says which class only Python can make', () => {
    expect(() => readPickle(Buffer.from('ccollections\nOrderedDict\n(tR.', 'latin1'))).toThrow(
      /"collections\.OrderedDict", which only Python can make/,
    );
  });

  it('tells damaged data from a pickle, whatever the damage', () => {
    for (const bad of ['', 'plain text', '\x80\x04', '\x80\x09.', ')e.', 'K', '\x80\x04\x95', 'h\x01.'])
      expect(() => readPickle(Buffer.from(bad, 'latin1')), JSON.stringify(bad)).toThrow(BadPickle);
    fc.assert(
      fc.property(plainValue, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
        const data = writePickle(value);
        data[at % data.length] = byte;
        try {
          readPickle(data);
        } catch (error) {
          expect([
            'BadPickle',
            'NeedsPython',
            'InvalidEncodingException',
            'TypeError',
            'RangeError',
          ]).toContain((error as Error).name);
        }
      }),
    );
  });

  it.skipIf(whyNoPython)('writes byte for byte what CPython writes for values from JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.json({ maxDepth: 4 }), { minLength: 100, maxLength: 100 }), (texts) => {
        const answers = askPython<string[]>(
          'import pickle,base64\nanswer=[base64.b64encode(pickle.dumps(json.loads(t),4)).decode() for t in cases]',
          // JSON.parse and JSON.stringify agree with Python only on numbers that look alike in both.
          texts.map(plainNumbers),
        );
        texts.map(plainNumbers).forEach((text, i) => {
          expect(base64(writePickle(fromJson(JSON.parse(text)))), text).toBe(answers[i]);
        });
      }),
      { numRuns: 4 },
    );
  });

  it.skipIf(whyNoPython)('frames and batches long contents as CPython does', () => {
    const made: [string, PyValue][] = [
      ['list(range(70000,74000))', Array.from({ length: 4000 }, (_, i) => BigInt(i + 70000))],
      ['[float(i) for i in range(20000)]', Array.from({ length: 20000 }, (_, i) => i)],
      ['[i for i in range(1001)]', Array.from({ length: 1001 }, (_, i) => BigInt(i))],
      ['[str(i)*3 for i in range(40000)]', Array.from({ length: 40000 }, (_, i) => String(i).repeat(3))],
      ['["x"*70000, 1, b"y"*70000]', ['x'.repeat(70000), 1n, Buffer.alloc(70000, 'y')]],
      [
        '{i:[i] for i in range(300)}',
        new PyDict(Array.from({ length: 300 }, (_, i) => [BigInt(i), [BigInt(i)]])),
      ],
      [
        '(range(3), complex(1,2), -1, -129, 2**40, -2**31, 255, 65536, "")',
        new PyTuple([
          new PyRange(0n, 3n, 1n),
          new PyComplex(1, 2),
          -1n,
          -129n,
          2n ** 40n,
          -(2n ** 31n),
          255n,
          65536n,
          '',
        ]),
      ],
    ];
    const answers = askPython<string[]>(
      'import pickle,base64\nanswer=[base64.b64encode(pickle.dumps(eval(t),4)).decode() for t in cases]',
      made.map(([text]) => text),
    );
    made.forEach(([text, value], i) => {
      expect(base64(writePickle(value)) === answers[i], text).toBe(true);
    });
  });

  it.skipIf(whyNoPython)('reads every protocol CPython writes', () => {
    fc.assert(
      fc.property(fc.array(plainValue, { minLength: 60, maxLength: 60 }), (values) => {
        const answers = askPython<string[][]>(
          [
            'import pickle,base64',
            'def every(t):',
            '    v=pickle.loads(base64.b64decode(t))',
            '    return [base64.b64encode(pickle.dumps(v,p)).decode() for p in range(min(5,pickle.HIGHEST_PROTOCOL)+1)]',
            'answer=[every(t) for t in cases]',
          ].join('\n'),
          values.map((value) => base64(writePickle(value))),
        );
        values.forEach((value, i) => {
          for (const pickle of answers[i] as string[])
            expect(pyRepr(inOrder(readPickle(unbase64(pickle))))).toBe(pyRepr(inOrder(value)));
        });
      }),
      { numRuns: 5 },
    );
  });

  it.skipIf(whyNoNumpy)('exchanges arrays and scalars of all plain types with numpy', () => {
    const script = [
      'import pickle,base64,numpy as np',
      'arrays=[np.arange(6).astype(d).reshape(s) for d in ("?","i1","i2","i4","i8","u1","u2","u4","u8","f2","f4","f8","c8","c16",">i4",">f8") for s in ((6,),(2,3))]',
      'arrays+=[np.array(["ab","c"]),np.array([b"xy",b"z"]),np.asfortranarray(np.arange(6).reshape(2,3)),np.zeros((0,)),np.array(5.0),np.float32(1.5),np.int16(-3),np.bool_(True)]',
      'answer=[[base64.b64encode(pickle.dumps(a,p)).decode(), np.asarray(a).ravel().tolist() if np.asarray(a).dtype.kind not in "cS" else repr(np.asarray(a).ravel().tolist())] for a in arrays for p in (2,4,5)]',
    ].join('\n');
    const answers = askPython<[string, unknown][]>(script, []);
    for (const [text, items] of answers) {
      const value = readPickle(unbase64(text)) as NdArray | NumpyScalar;
      const found = value instanceof NumpyScalar ? [value.value] : value.elements();
      if (typeof items === 'string') expect(pyRepr(found)).toBe(items);
      else expect(found.map((x) => (typeof x === 'bigint' ? Number(x) : x))).toEqual(items);
    }
    const back = askPython<boolean[]>(
      'import pickle,base64,numpy as np\nanswer=[bool(np.array_equal(pickle.loads(base64.b64decode(a)),pickle.loads(base64.b64decode(b)))) for a,b in cases]',
      answers.map(([text]) => [text, base64(writePickle(readPickle(unbase64(text))))]),
    );
    expect(back.every(Boolean)).toBe(true);
  });
});

/** Numbers written so that both languages read the same kind of number. */
function plainNumbers(text: string): string {
  return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? 0.5 : Object.is(value, -0) ? 0 : value,
  );
}

/** The value with its sets in one order: that of Python's sets is its own business. */
function inOrder(value: PyValue): PyValue {
  if (value instanceof PySet)
    return new PySet(
      [...value.items].sort((a, b) => (pyRepr(a) < pyRepr(b) ? -1 : 1)),
      value.isFrozen,
    );
  if (Array.isArray(value)) return value.map(inOrder);
  if (value instanceof PyTuple) return new PyTuple(value.items.map(inOrder));
  if (value instanceof PyDict) return new PyDict(value.entries().map(([key, item]) => [key, inOrder(item)]));
  return value;
}
