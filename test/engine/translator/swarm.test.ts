/** The particle swarm: seeded, never worse than where it starts, within its limits. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { partition, type AlgorithmOptions } from '../../../engine/translator/index.ts';
import { randomFrom } from '../../../engine/translator/partition/random.ts';

/** Layers of applications with data between them, wired at random. */
function layered(seed: number, layers = 4, width = 4): JsonObject[] {
  const random = randomFrom(seed);
  const drops: Record<string, JsonObject> = {};
  for (let l = 0; l < layers; l++)
    for (let w = 0; w < width; w++) {
      const id = `${l}.${w}`;
      const weight = 1 + Math.floor(random() * 9);
      drops[`a${id}`] = { oid: `a${id}`, categoryType: 'Application', weight, outputs: [`d${id}`] };
      const next = l + 1 < layers ? [0, 1].map(() => `a${l + 1}.${Math.floor(random() * width)}`) : [];
      drops[`d${id}`] = {
        oid: `d${id}`,
        categoryType: 'Data',
        weight: 1 + Math.floor(random() * 20),
        consumers: [...new Set(next)],
      };
    }
  return Object.values(drops);
}

/** Most drops that run at once in one part: layer by layer is exact for what these graphs do. */
function widest(drops: readonly JsonObject[], part: Int32Array): number {
  const counts = new Map<string, number>();
  drops.forEach((drop, i) => {
    const layer = /^(a|d)(\d+)\./.exec(drop['oid'] as string);
    const key = `${layer?.[1]}${layer?.[2]}/${part[i]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return Math.max(...counts.values());
}

const swarm = (drops: JsonObject[], options: AlgorithmOptions = {}) =>
  partition(drops, { algorithm: 'pso', numPartitions: drops.length, swarm_size: 10, max_cpu: 2, ...options });

describe('the algorithm "pso"', () => {
  it.each([1, 2, 3, 4, 5])('is never slower than edge zeroing, and within its limits (graph %i)', (seed) => {
    const drops = layered(seed);
    const start = partition(drops, { algorithm: 'mysarkar', numPartitions: drops.length, max_cpu: 2 });
    const found = swarm(drops);
    expect(found.result.exec_time).toBeLessThanOrEqual(start.result.exec_time ?? 0);
    expect(found.result.exec_time).toBeGreaterThanOrEqual(found.result.critical_path ?? 0);
    expect(widest(drops, found.part)).toBeLessThanOrEqual(2);
    expect(swarm(drops).part).toEqual(found.part);
  });

  it('finds something better where edge zeroing is greedy', () => {
    const better = Array.from({ length: 12 }, (_, n) => layered(n + 20)).filter((drops) => {
      const start = partition(drops, { algorithm: 'mysarkar', numPartitions: drops.length, max_cpu: 2 });
      return (swarm(drops).result.exec_time ?? 0) < (start.result.exec_time ?? 0);
    });
    expect(better.length).toBeGreaterThan(0);
  });

  it('makes fewer parts with a deadline that leaves time, and meets it', () => {
    const drops = layered(7);
    const slowest = partition(drops, { algorithm: 'none' }).result.exec_time ?? 0;
    const found = swarm(drops, { deadline: slowest });
    expect(found.result.exec_time).toBeLessThanOrEqual(slowest);
    expect(found.result.num_parts).toBeLessThanOrEqual(swarm(drops).result.num_parts ?? 0);
  });

  it('decides about the heaviest links only', () => {
    const drops = layered(3);
    const few = swarm(drops, { topk: 1 });
    const start = partition(drops, { algorithm: 'mysarkar', numPartitions: drops.length, max_cpu: 2 });
    expect(few.result.exec_time).toBeLessThanOrEqual(start.result.exec_time ?? 0);
    expect(() => swarm(drops, { topk: 0 })).toThrow(/"topk" to be at least 1/);
  });
});
