import { describe, expect, it } from 'vitest';
import { NdArray, NumpyScalar, pyStr } from '../../../../engine/drops/pyrepr/index.ts';

const floats = (values: readonly number[], shape?: readonly number[]): NdArray =>
  NdArray.of(Float64Array.from(values), shape);
const ints = (values: readonly number[], shape?: readonly number[]): NdArray =>
  NdArray.of(BigInt64Array.from(values, BigInt), shape);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Expected texts are what str() of numpy 2 gave for the same arrays. */
describe('the text of a numpy array', () => {
  it.each([
    [ints([1, -10, 3]), '[  1 -10   3]'],
    [ints(upTo(6), [2, 3]), '[[0 1 2]\n [3 4 5]]'],
    [floats(upTo(8), [2, 2, 2]), '[[[0. 1.]\n  [2. 3.]]\n\n [[4. 5.]\n  [6. 7.]]]'],
    [floats([1, 2.5, Number.NaN]), '[1.  2.5 nan]'],
    [floats([-Infinity, 1]), '[-inf   1.]'],
    [floats([1e-5, 1]), '[1.e-05 1.e+00]'],
    [floats([0.1 + 0.2, 1 / 3]), '[0.3        0.33333333]'],
    [floats([123456789, 0.5]), '[1.23456789e+08 5.00000000e-01]'],
    [floats([0, -0]), '[ 0. -0.]'],
    [floats([7], []), '7.0'],
    [floats([]), '[]'],
    [new NdArray('|b1', [2], Uint8Array.of(1, 0)), '[ True False]'],
    [NdArray.of(Float32Array.of(0.1, 7849.828125)), '[1.000000e-01 7.849828e+03]'],
  ])('is that of numpy (%#)', (array, text) => {
    expect(pyStr(array)).toBe(text);
  });

  it('is broken up where a line is full, and cut in the middle where it is long', () => {
    expect(pyStr(ints(upTo(30)))).toBe(
      `[${upTo(24)
        .map((n) => String(n).padStart(2))
        .join(' ')}\n 24 25 26 27 28 29]`,
    );
    expect(pyStr(ints(upTo(2000)))).toBe('[   0    1    2 ... 1997 1998 1999]');
  });

  it('is for a scalar of 32 bits that of its own digits', () => {
    const { descr, data } = NdArray.of(Float32Array.of(0.1));
    expect(pyStr(new NumpyScalar(descr, data))).toBe('0.1');
  });
});
