import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNpy, readNpy, writeNpy } from '../../../../engine/drops/npy/index.ts';
import { NeedsPython } from '../../../../engine/drops/pickle/index.ts';
import { NdArray } from '../../../../engine/drops/pyrepr/index.ts';
import { askPython, whyNoNumpy } from '../pyrepr/python-oracle.ts';

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const unbase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function fileWith(header: string): Uint8Array {
  const text = Buffer.from(header, 'latin1');
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([text.length & 255, text.length >> 8]),
    text,
  ]);
}

describe('npy files', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.float64Array(), (values) => {
        const array = readNpy(writeNpy(NdArray.of(values)));
        expect(array.shape).toEqual([values.length]);
        expect(array.descr).toBe('<f8');
        expect(Buffer.from(array.data)).toEqual(
          Buffer.from(values.buffer, values.byteOffset, values.byteLength),
        );
      }),
    );
  });

  it('begin their elements at a multiple of 64 bytes', () => {
    const data = writeNpy(NdArray.of(new Float64Array(3)));
    expect((data.length - 24) % 64).toBe(0);
    expect(isNpy(data)).toBe(true);
    expect(isNpy(Buffer.from('no array'))).toBe(false);
  });

  it('of objects, dates and records are left to Python', () => {
    for (const descr of ["'|O'", "'<M8[s]'", "[('a', '<i8')]"])
      expect(
        () => readNpy(fileWith(`{'descr': ${descr}, 'fortran_order': False, 'shape': (0,), }\n`)),
        descr,
      ).toThrow(NeedsPython);
  });

  it('that are damaged are refused with what is missing', () => {
    expect(() => readNpy(Buffer.from('\x93NUMPY\x01', 'latin1'))).toThrow(/a header/);
    expect(() => readNpy(fileWith("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"))).toThrow(
      /16 bytes of elements, not 0/,
    );
    expect(() => readNpy(fileWith("{'descr': '<f8', 'shape': (2,), }\n"))).toThrow(/fortran_order/);
    expect(() => readNpy(fileWith('__import__("os")'))).toThrow(/literal/);
  });

  it('give parts along the first axis and C order from Fortran order', () => {
    const array = new NdArray('|i1', [2, 3], new Uint8Array([1, 4, 2, 5, 3, 6]), true);
    expect(array.elements()).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    expect(array.slice(1, 2).elements()).toEqual([4n, 5n, 6n]);
    expect([...array.toC().data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.skipIf(whyNoNumpy)('are the very bytes numpy writes, and numpy reads ours', () => {
    const answers = askPython<string[]>(
      [
        'import io,base64,numpy as np',
        'def save(a):',
        '    f=io.BytesIO(); np.save(f,a); return base64.b64encode(f.getvalue()).decode()',
        'answer=[save(a) for a in (np.arange(5),np.arange(6.0).reshape(2,3),np.asfortranarray(np.arange(6).reshape(2,3)),np.array(3.5),np.zeros(0),np.array(["ab"]),np.array([True]),np.arange(4,dtype=">i2"))]',
      ].join('\n'),
      [],
    );
    for (const text of answers) expect(base64(writeNpy(readNpy(unbase64(text))))).toBe(text);
  });
});
