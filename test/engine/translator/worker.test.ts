import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  GInvalidLink,
  stepsInWorker,
  translateInWorker,
  unroll,
  type GraphInput,
  type StepsOptions,
} from '../../../engine/translator/index.ts';
import { app, data, graphOf, link, loop, scatter } from './graphs.ts';

const small = graphOf([app('a'), data('d')], [link('a', 'd')]);
const large = graphOf([scatter('s', 300_000), app('a', 's'), data('d', 's')], [link('a', 'd')]);

describe('translating in a thread', () => {
  it('gives the same drops as translating here, with the statistics of the partition', async () => {
    const unrolled = await translateInWorker({ op: 'unroll', graph: small, unroll: { oidPrefix: 'X' } });
    expect(unrolled.pgt).toEqual(unroll(small, { oidPrefix: 'X' }));
    const placed = await translateInWorker({
      op: 'unroll-and-partition',
      graph: JSON.stringify(small),
      unroll: { oidPrefix: 'X' },
      partition: { algorithm: 'metis', numPartitions: 2 },
    });
    expect(placed.pgt.slice(0, -1).map((d) => d['node'])).toHaveLength(2);
    expect(placed.result).toMatchObject({ algo: 'METIS_LB90', num_parts: 2 });
    const again = await translateInWorker({
      op: 'partition',
      pgt: unrolled.pgt,
      partition: { algorithm: 'mysarkar' },
    });
    expect(again.result).toMatchObject({ algo: 'Edge Zero', num_parts: 1 });
  });

  it('hands a graph over as text, piece by piece, and waits for the one who takes it', async () => {
    let taking = 0;
    let most = 0;
    let text = '';
    const reply = await translateInWorker(
      {
        op: 'unroll',
        graph: graphOf(
          [loop('l', 4000), app('a', 'l', { group_start: true }), data('d', 'l', { group_end: true })],
          [link('a', 'd')],
        ),
        unroll: { oidPrefix: 'X' },
      },
      {
        onText: async (piece) => {
          taking++;
          most = Math.max(most, taking);
          await new Promise((resolve) => setImmediate(resolve));
          text += piece;
          taking--;
        },
      },
    );
    expect(reply.pgt).toEqual([]);
    expect(most).toBe(1);
    expect(JSON.parse(text)).toHaveLength(8001);
  });

  it('waits for the last piece to be taken, though the thread has long ended', async () => {
    let text = '';
    await translateInWorker(
      { op: 'unroll', graph: small, unroll: { oidPrefix: 'X' } },
      {
        onText: async (piece) => {
          // As slow as it takes for a thread that has nothing left to do to be gone.
          const other = new Worker('', { eval: true });
          await new Promise((resolve) => other.once('exit', resolve));
          text += piece;
        },
      },
    );
    expect(JSON.parse(text)).toHaveLength(3);
  });

  it('rejects with the same error, class and place as here', async () => {
    const broken = graphOf([app('a')], [link('a', 'nobody')]);
    const attempt = translateInWorker({ op: 'unroll', graph: broken, unroll: { oidPrefix: 'X' } });
    await expect(attempt).rejects.toBeInstanceOf(GInvalidLink);
    await expect(attempt).rejects.toMatchObject({
      reason: 'link-unknown-node',
      place: { fromId: 'a', toId: 'nobody' },
    });
  });

  it('tells how far it is and stops when it is cancelled', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const attempt = translateInWorker(
      { op: 'unroll', graph: large, unroll: { oidPrefix: 'X' } },
      {
        signal: controller.signal,
        onProgress: ({ done, total }) => {
          seen.push(done);
          expect(total).toBe(600_000);
          if (done > 0) controller.abort();
        },
      },
    );
    await expect(attempt).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen.length).toBeGreaterThan(1);
    await expect(
      translateInWorker(
        { op: 'unroll', graph: small, unroll: { oidPrefix: 'X' } },
        { signal: controller.signal },
      ),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('divides a list that stays in its file as one that is in memory', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'weir-worker-'));
    try {
      const drops = unroll(graphOf([scatter('s', 50), app('a', 's'), data('d', 's')], [link('a', 'd')]), {
        oidPrefix: 'X',
      });
      const file = path.join(folder, 'list.pgt');
      await writeFile(file, JSON.stringify(drops));
      const steps = {
        partition: { algorithm: 'metis' as const, numPartitions: 4, rules: 'corrected' as const },
        map: { hosts: ['island', 'a', 'b', 'c', 'd'], islands: 1 },
      };
      const placed = async (graph: GraphInput, options: Omit<StepsOptions, 'onBytes'>): Promise<unknown> => {
        const pieces: Uint8Array[] = [];
        const onBytes = (bytes: Uint8Array): void => void pieces.push(bytes);
        const reply = await stepsInWorker(graph, steps, { ...options, onBytes });
        return { reply, list: JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown };
      };
      const held = await placed(new Uint8Array(Buffer.from(JSON.stringify(drops))), {});
      expect(await placed({ file }, {})).toEqual(held);
      expect(await placed({ file }, { maxHeldBytes: 100 })).toEqual(held);
      expect(held).toMatchObject({ reply: { drops: 100, result: { num_parts: 4 } } });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
