import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ALL_RMODES,
  canonicalJson,
  canonicalSignatures,
  makeDropRecord,
  parsePythonJson,
  portable,
  PyFloat,
  sha256Hex,
} from '../../../engine/reproducibility/index.ts';
import { chain, record } from './fixtures.ts';

describe('canonical JSON', () => {
  it('writes the example of RFC 8785', () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\u0022/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units, as the RFC asks', () => {
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(canonicalJson(keys)))).toHaveLength(7);
    expect(canonicalJson(keys)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it('is the same whatever the order of keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('refuses what JSON cannot say, and makes it portable on request', () => {
    for (const bad of [NaN, Infinity, '\ud800', 10n, () => 1])
      expect(() => canonicalJson({ bad }), String(bad)).toThrow(/canonical/);
    const value = parsePythonJson(
      '{"a":NaN,"b":123456789012345678901,"c":1.0,"d":"\\ud800","e":[-Infinity]}',
    );
    expect(canonicalJson(portable(value))).toBe(
      '{"a":{"$float":"NaN"},"b":{"$integer":"123456789012345678901"},"c":1,"d":{"$utf16":"ANg="},"e":[{"$float":"-Infinity"}]}',
    );
    expect(portable({ f: new PyFloat(5), u: undefined, b: Uint8Array.of(1) })).toEqual({
      f: 5,
      b: { $bytes: 'AQ==' },
    });
  });
});

describe("Weir's own signature", () => {
  it('does not depend on ids, on the order of records or on times', () => {
    const plain = canonicalSignatures(chain(7));
    const other = chain(7)
      .map((item) => ({
        ...item,
        sessionId: 'x',
        drop: { ...item.drop, oid: `z${item.drop.oid}` },
        inputs: item.inputs.map((input) => ({ ...input, oid: `z${input.oid}` })),
        timing: { startedAtMs: null, finishedAtMs: null },
      }))
      .reverse();
    expect(canonicalSignatures(other)).toEqual(plain);
    expect(Object.keys(plain)).toEqual(ALL_RMODES);
  });

  it('covers what DALiuGE leaves out, each in the modes that claim it', () => {
    const before = canonicalSignatures(chain(5));
    const changedIn = (change: Parameters<typeof record>[1], index = 1): string[] => {
      const records = chain(5);
      records[index] = makeDropRecord({ ...record(index), ...change });
      const after = canonicalSignatures(records);
      return ALL_RMODES.filter((mode) => after[mode] !== before[mode]);
    };
    expect(changedIn({ code: { command: 'rm -rf /' } })).toEqual([
      'REPEAT',
      'RECOMPUTE',
      'REPLICATE_COMP',
      'REPLICATE_TOTAL',
    ]);
    expect(changedIn({ parameters: { sleep: 1, label: '1' } })).toEqual([
      'REPEAT',
      'RECOMPUTE',
      'REPLICATE_COMP',
      'REPLICATE_TOTAL',
    ]);
    expect(changedIn({ outcome: { status: 'ERROR' } })).toEqual(
      ALL_RMODES.filter((mode) => mode !== 'REPRODUCE'),
    );
    expect(changedIn({ environmentSha256: 'x' })).toEqual(['RECOMPUTE', 'REPLICATE_COMP']);
    const content = { sha256: sha256Hex('x'), sizeBytes: 1, storage: 'Memory' };
    expect(changedIn({ content }, 4)).toEqual([
      'REPRODUCE',
      'REPLICATE_SCI',
      'REPLICATE_COMP',
      'REPLICATE_TOTAL',
    ]);
    expect(changedIn({ content }, 2)).toEqual(['REPLICATE_SCI', 'REPLICATE_COMP', 'REPLICATE_TOTAL']);
    expect(changedIn({ inputs: [] })).toEqual(ALL_RMODES);
  });

  it('is refused for drops that depend on one another in a circle', () => {
    const records = chain(3);
    records[0] = record(0, { inputs: [{ oid: '1_n2_0', sha256: null }] });
    expect(() => canonicalSignatures(records, ['RERUN'])).toThrow(/circle/);
  });
});
