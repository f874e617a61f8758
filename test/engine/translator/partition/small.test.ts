import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../engine/protocol/index.ts';
import { partition } from '../../../../engine/translator/index.ts';

/** data - app - data - app ... in a row. */
function chain(length: number): JsonObject[] {
  return Array.from({ length }, (_, i) => {
    const isApp = i % 2 === 1;
    const before = i > 0 ? [`d${i - 1}`] : [];
    const after = i < length - 1 ? [`d${i + 1}`] : [];
    return {
      oid: `d${i}`,
      name: `d${i}`,
      categoryType: isApp ? 'Application' : 'Data',
      category: isApp ? 'PythonApp' : 'Memory',
      weight: 5,
      ...(isApp ? { inputs: before, outputs: after } : { producers: before, consumers: after }),
    };
  });
}

describe('graphs with hardly more drops than parts', () => {
  it('leave no drop alone that could stand beside its neighbour, as METIS has it', () => {
    const { part } = partition(chain(11), { algorithm: 'metis', numPartitions: 8 });
    const sizes = new Map<number, number>();
    for (const p of part) sizes.set(p, (sizes.get(p) ?? 0) + 1);
    expect(Math.min(...sizes.values())).toBeGreaterThan(1);
  });

  it('use every part in a run', () => {
    const { part } = partition(chain(11), { algorithm: 'metis', numPartitions: 8, rules: 'corrected' });
    expect(new Set(part).size).toBe(8);
  });

  it.each([['daliuge'], ['corrected']] as const)(
    'can be asked for far more parts than drops (%s)',
    (rules) => {
      const { part, result } = partition(chain(5), { algorithm: 'metis', numPartitions: 1_000_000, rules });
      expect(part).toHaveLength(5);
      expect(result.num_parts).toBe(1_000_000);
    },
  );

  it('cannot be asked for parts without end', () => {
    expect(() => partition(chain(5), { algorithm: 'metis', numPartitions: 1e15 })).toThrow(
      'Expected at most 1000000 partitions and islands, found 1000000000000000.',
    );
  });

  it('are divided alike every time', () => {
    const once = partition(chain(30), { algorithm: 'metis', numPartitions: 10, min_goal: 1 });
    const again = partition(chain(30), { algorithm: 'metis', numPartitions: 10, min_goal: 1 });
    expect(again.part).toEqual(once.part);
  });
});
