/** Check values by field and place: one altered value is found where it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gridChecks, gridDifference, type Field } from '../../../engine/store/grid-checks.ts';

/** Fields of `count` rows: a byte, a double, a text of varying length. */
function block(count: number): Field[] {
  const offsets = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) offsets[i + 1] = (offsets[i] ?? 0) + ((i * 7) % 90);
  const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);
  return [
    { bytes: bytes(count), width: 1 },
    { bytes: bytes(count * 8), width: 8 },
    { bytes: bytes(offsets[count] ?? 0), offsets },
  ];
}

const mapOf = (fields: readonly Field[], count: number) => new Map(gridChecks(fields, count));

/** Which row a byte of a field is of. */
const rowOf = (field: Field, at: number): number =>
  'width' in field ? Math.floor(at / field.width) : field.offsets.findLastIndex((offset) => offset <= at);

describe('check values by field and place', () => {
  it('say of one altered byte which field and row it is in, in blocks of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1100 }), fc.nat(), fc.nat(), (count, where, which) => {
        const fields = block(count);
        const before = mapOf(fields, count);
        const number = which % fields.length;
        const field = fields[number] as Field;
        if (field.bytes.length === 0) return;
        const at = where % field.bytes.length;
        field.bytes[at] = (field.bytes[at] as number) ^ 1;
        expect(gridDifference(before, mapOf(fields, count), count)).toEqual({
          places: [{ field: number, index: rowOf(field, at) }],
          isAmbiguous: false,
        });
      }),
      { numRuns: 60 },
    );
  });

  it('find a byte that went from one text to the next', () => {
    const count = 50;
    const fields = block(count);
    const before = mapOf(fields, count);
    const { offsets } = fields[2] as { offsets: Uint32Array };
    offsets[8] = (offsets[8] as number) - 1;
    const found = gridDifference(before, mapOf(fields, count), count);
    expect(found?.places.map(({ index }) => index)).toEqual([0, 7, 8, 15]);
    expect(found?.isAmbiguous).toBe(true);
  });

  it('name places that may be altered where several are, and say that it is not sure', () => {
    const count = 1024;
    const fields = block(count);
    const before = mapOf(fields, count);
    for (const row of [3, 40]) fields[0]!.bytes[row] = (fields[0]!.bytes[row] as number) ^ 1;
    expect(gridDifference(before, mapOf(fields, count), count)).toEqual({
      places: [3, 8, 35, 40].map((index) => ({ field: 0, index })),
      isAmbiguous: true,
    });
  });

  it('say nothing where a block has another number of rows, or none of these values', () => {
    expect(gridDifference(mapOf(block(10), 10), mapOf(block(26), 26), 26)).toBeUndefined();
    expect(gridDifference(mapOf(block(26), 26), mapOf(block(10), 10), 10)).toBeUndefined();
    expect(gridDifference(new Map([[1, 2]]), new Map([[1, 3]]), 10)).toBeUndefined();
  });
});
