import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstOf, mergeEvents } from '../../../engine/store/event-blocks.ts';
import { EVENTS_PER_BLOCK } from '../../../engine/store/layout.ts';
import { selectRange } from '../../../engine/store/select-range.ts';
import { allTexts, packTexts, textAt, textColumn, unpackTexts } from '../../../engine/store/text-column.ts';
import { textOrder } from '../../../engine/store/text-order.ts';
import { packet } from '../../../engine/store/transfer.ts';
import { eventBatch } from './helpers.ts';

const texts = fc.array(fc.string({ unit: 'grapheme' }).map((value) => value.toWellFormed()));

describe('a column of texts', () => {
  it('gives every text back, packed or not', () => {
    fc.assert(
      fc.property(texts, (values) => {
        const column = textColumn(values);
        expect(values.map((_, i) => textAt(column, i))).toEqual(values);
        expect(allTexts(column)).toEqual(values);
        expect(allTexts(unpackTexts(packTexts(column, 0, values.length), values.length))).toEqual(values);
      }),
    );
  });

  it('packs a part of its rows', () => {
    const column = textColumn(['a', 'bc', '', 'dé']);
    expect(allTexts(unpackTexts(packTexts(column, 1, 4), 3))).toEqual(['bc', '', 'dé']);
  });

  it('takes no room where all texts are empty', () => {
    expect(packTexts(textColumn(['', '', '']), 0, 3)).toHaveLength(0);
  });
});

describe('a page of a sorted list', () => {
  it('is what sorting everything would put there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 }),
        fc.nat({ max: 420 }),
        fc.nat({ max: 60 }),
        (keys, from, length) => {
          const compare = (a: number, b: number) => keys[a]! - keys[b]! || a - b;
          const order = Uint32Array.from(keys, (_, i) => i);
          const sorted = [...order].sort(compare);
          selectRange(order, from, from + length, compare);
          expect([...order.subarray(from, from + length)]).toEqual(sorted.slice(from, from + length));
          expect([...order].sort((a, b) => a - b)).toEqual(sorted.sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe('the order of texts', () => {
  const orderOf = (values: readonly string[], isDescending: boolean) => {
    const half = values.length >> 1;
    const blocks = [
      { firstRow: 0, count: half, texts: textColumn(values.slice(0, half)) },
      { firstRow: half, count: values.length - half, texts: textColumn(values.slice(half)) },
    ];
    return [...values.keys()].sort(textOrder(blocks, values.length, isDescending));
  };
  const expected = (values: readonly string[], isDescending: boolean) =>
    [...values.keys()].sort((a, b) => {
      const [left, right] = [values[a]!, values[b]!];
      if (left === right) return a - b;
      return left < right === isDescending ? 1 : -1;
    });

  it('is that of JavaScript for few different texts, with equal ones in the order of rows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 3, unit: 'grapheme' }).map((v) => v.toWellFormed())),
        fc.boolean(),
        (values, down) => {
          expect(orderOf(values, down)).toEqual(expected(values, down));
        },
      ),
    );
  });

  it('is the same for many different texts, alike at their beginning or not, ASCII or not', () => {
    const many = (text: (i: number) => string) =>
      Array.from({ length: 6000 }, (_, i) => text((i * 7919) % 5003));
    for (const values of [
      many((i) => `2026-01-01_${i}`),
      many((i) => `2026-01-01_${'x'.repeat(i % 9)}${i % 2 ? '\0' : ''}${i}`),
      many((i) => `${i}é`),
      many((i) => String(i).repeat(3)),
    ]) {
      for (const down of [false, true]) expect(orderOf(values, down)).toEqual(expected(values, down));
    }
  });
});

describe('events of several batches', () => {
  it('become blocks sorted by row in which the events of a row keep their order', () => {
    const event = fc.record({
      row: fc.nat({ max: 40 }),
      kind: fc.nat({ max: 3 }),
      value: fc.nat({ max: 255 }),
      at: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(event, { maxLength: 50 }), { maxLength: 5 }), (batches) => {
        const blocks = mergeEvents(batches.map(eventBatch));
        const read = blocks.flatMap((b) =>
          [...b.rows].map((row, i) => ({ row, kind: b.kind[i]!, value: b.value[i]!, at: b.at[i]! })),
        );
        const expected = batches.flat().map((e, i) => ({ ...e, i }));
        expected.sort((a, b) => a.row - b.row || a.i - b.i);
        expect(read).toEqual(expected.map(({ row, kind, value, at }) => ({ row, kind, value, at })));
        for (const { rows } of blocks) {
          for (let row = 0; row <= 41; row++) expect(firstOf(rows, row)).toBe(rows.indexOf(row));
        }
      }),
    );
  });

  it('are cut into blocks of a limited size that say which rows they span', () => {
    const count = EVENTS_PER_BLOCK * 2 + 10;
    const events = Array.from({ length: count }, (_, i) => ({ row: count - i, kind: 0, value: 0, at: i }));
    const blocks = mergeEvents([eventBatch(events)]);
    expect(blocks.map((b) => b.rows.length)).toEqual([EVENTS_PER_BLOCK, EVENTS_PER_BLOCK, 10]);
    expect(blocks.map((b) => [b.minRow, b.maxRow])).toEqual([
      [1, EVENTS_PER_BLOCK],
      [EVENTS_PER_BLOCK + 1, EVENTS_PER_BLOCK * 2],
      [EVENTS_PER_BLOCK * 2 + 1, count],
    ]);
  });
});

describe('a message to the thread', () => {
  it('hands over buffers that it uses as a whole, each once', () => {
    const arena = new ArrayBuffer(16_000);
    const columns = [new Uint8Array(arena, 0, 8000), new Float64Array(arena, 8000, 1000)];
    const { value, transfer, sizeBytes } = packet([1, { columns }]);
    expect(transfer).toEqual([arena]);
    expect((value as [number, { columns: unknown[] }])[1].columns[0]).toBe(columns[0]);
    expect(sizeBytes).toBeGreaterThanOrEqual(16_000);
  });

  it('copies a small part of a larger buffer and leaves the rest to its owner', () => {
    const whole = new Uint8Array(100_000).fill(7);
    const { value, transfer } = packet({ part: whole.subarray(10, 20) });
    const { part } = value as { part: Uint8Array };
    expect(transfer).toEqual([part.buffer]);
    expect(part.buffer.byteLength).toBe(10);
    expect([...part]).toEqual(new Array(10).fill(7));
    structuredClone(value, { transfer: [...transfer] });
    expect(whole.byteLength).toBe(100_000);
  });

  it('never hands over the pool of Node, nor empty buffers', () => {
    const pooled = Array.from({ length: 200 }, (_, i) => Buffer.from(`${i}`.padStart(41, 'x')));
    const { value, transfer } = packet({ pooled, empty: new Uint8Array(0) });
    const clone = structuredClone(value, { transfer: [...transfer] }) as { pooled: Uint8Array[] };
    expect(clone.pooled.map((bytes) => Buffer.from(bytes).toString())).toEqual(pooled.map(String));
  });

  it('passes shared memory as it is', () => {
    const shared = new Uint32Array(new SharedArrayBuffer(400), 40, 10);
    const { value, transfer } = packet({ shared });
    expect(transfer).toEqual([]);
    expect((value as { shared: unknown }).shared).toBe(shared);
  });

  it('is refused where an array of it was handed over before', () => {
    const rows = new Uint32Array(5000);
    structuredClone(rows, { transfer: [rows.buffer] });
    expect(() => packet({ rows })).toThrow(/handed over to the store before/);
  });

  it('copies everything where the caller keeps it', () => {
    const bytes = new Uint8Array(10_000).fill(1);
    const { value, transfer } = packet({ bytes }, true);
    structuredClone(value, { transfer: [...transfer] });
    expect(bytes.byteLength).toBe(10_000);
  });
});
