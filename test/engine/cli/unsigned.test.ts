import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { app, data } from '../../support/host.ts';
import { weirHere } from '../../support/weir-here.ts';

const LOOP = path.resolve('..', 'shared/graphs/translator/egx_SimpleLoop.graph');

describe('a graph that DALiuGE could not sign', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'weir-unsigned-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is sealed all the same when its drops carry reproducibility data that says nothing', async () => {
    const file = path.join(folder, 'half.graph');
    const half = { reprodata: {} };
    await writeFile(
      file,
      JSON.stringify([
        data('a', { ...half, consumers: ['x'] }),
        app('x', 'dlg.apps.simple.NullBarrierApp', { ...half, outputs: ['b'] }),
        data('b', half),
        { rmode: '0', meta_data: { repro_protocol: 1, HashingAlg: 'openssl_sha3_256' } },
      ]),
    );
    const store = ['--data-dir', path.join(folder, 'history')];
    const run = await weirHere('run', file, ...store);
    expect(run).toMatchObject({ status: 0, err: '' });
    const verified = await weirHere('verify', '--all', ...store);
    expect(verified.status, verified.out + verified.err).toBe(0);
    expect(verified.out).not.toMatch(/not sealed/);
  });

  it.skipIf(!existsSync(LOOP))(
    'is refused in words when its logical graph goes round in a circle (skipped where ../shared/graphs is not on this machine)',
    async () => {
      const run = await weirHere('run', LOOP, '--rmode', 'ALL', '--data-dir', path.join(folder, 'history'));
      expect(run.status).toBe(2);
      expect(run.err).toMatch(/goes round in a circle.*--rmode NOTHING/s);
    },
  );
});
