/** `weir compare`: the verdict in words, first causes with their fields by class, CSV, statuses as in cli.md. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fresh, historyOf, pipeline, weirHere as weir } from '../../support/weir-here.ts';
import { hasGolden, SHARED, SKIP_REASON } from '../reproducibility/golden.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-compare-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const signed = (modes: Readonly<Record<string, string>>): string =>
  JSON.stringify([
    {},
    {
      rmode: '-1',
      ...Object.fromEntries(Object.entries(modes).map(([mode, signature]) => [mode, { signature }])),
    },
  ]);
const written = async (text: string, name = 'reprodata.out'): Promise<string> => {
  const where = path.join(fresh(folder, 'f'));
  await writeFile(`${where}-${name}`, text);
  return `${where}-${name}`;
};

describe('weir compare of sessions', () => {
  it('says in a sentence whether they are the same, and where they first differ', async () => {
    const store = await historyOf(
      folder,
      ['a', pipeline('one')],
      ['b', pipeline('one')],
      ['c', pipeline('two')],
    );
    const same = await weir('compare', 'a', 'b', ...store);
    expect(same.status).toBe(0);
    expect(same.out).toMatch(/^a and b are the same by Weir's own signatures in RERUN, REPEAT/);
    expect(same.out).toMatch(/REPRODUCE +not recorded {2}\(Weir's own: match\)/);
    expect(same.out).not.toMatch(/first differ/);

    const other = await weir('compare', 'a', 'c', ...store);
    expect(other.status).toBe(1);
    expect(other.out).toMatch(/^a and c differ by Weir's own signatures in REPEAT/);
    const lines = other.out.split('\n');
    const cause = lines.findIndex((line) => line.startsWith('  w (w) in '));
    expect(lines[cause]).toMatch(/REPEAT.*RECOMPUTE/);
    expect(lines.slice(cause + 1).join('\n')).toMatch(
      / code {2}command: "printf one > %o0" -> "printf two > %o0"/,
    );

    const excused = await weir('compare', 'a', 'c', '--ignore', 'command', 'content', '--', ...store);
    expect(excused.status).toBe(2);
    const { json, status } = await weir(
      'compare',
      'a',
      'c',
      ...store,
      '--json',
      '--ignore',
      'command',
      'content',
    );
    expect(status).toBe(1);
    expect(json).toMatchObject({ same: false, sentence: expect.stringMatching(/differ/) });
    expect(json.canonical.REPEAT.differing).toEqual([]);
    expect((await weir('compare', 'a', 'c', ...store, '--within', 'size=much')).status).toBe(2);
    expect(await weir('compare', 'a', 'nobody', ...store)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/no session "nobody"/),
    });
  });
});

describe('weir compare of files', () => {
  it('tells match, differs and not recorded apart, and never takes missing for equal', async () => {
    const a = await written(signed({ RERUN: 'aa', REPEAT: 'bb' }));
    const b = await written(signed({ RERUN: 'aa', REPEAT: 'cc', REPRODUCE: 'dd' }));
    const { json, status } = await weir('compare', a, b, '--json');
    expect(status).toBe(1);
    expect(json.verdicts).toMatchObject({ RERUN: 'match', REPEAT: 'differs', REPRODUCE: 'not recorded' });
    expect(Object.keys(json.rmodes)).toEqual(['RERUN', 'REPEAT']);
    expect(json.rmodes.REPEAT).toMatchObject({ same: false, a: 'bb', b: 'cc' });
  });

  it('refuses with status 2 what has nothing in common, is cut off, or is something else', async () => {
    const whole = await written(signed({ RERUN: 'aa' }));
    const cases: readonly (readonly [text: string, says: RegExp])[] = [
      [signed({ REPEAT: 'aa' }), /no signature of the same R-mode .*has RERUN; .*has REPEAT/],
      [
        '[{"oid":"a","categoryType":"Data","dropclass":"x.Y"}]',
        /no signature of the same R-mode .*has no R-mode/,
      ],
      ['', /truncated or not JSON/],
      ['[\n    {', /truncated or not JSON/],
      [signed({ RERUN: 'aa' }).slice(0, -9), /truncated or not JSON/],
      ['"text"', /neither a graph nor a reprodata\.out/],
      ['[{"a": {"no": "oid"}}, {}]', /neither a graph nor a reprodata\.out/],
      ['PK\u0003\u0004', /truncated or not JSON/],
      [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, /nested|truncated|neither|deep/],
      ['[{"__proto__": {"oid": "__proto__"}}, {"rmode": "-1"}]', /./],
    ];
    for (const [text, says] of cases) {
      const { status, out, err } = await weir('compare', whole, await written(text), '--json');
      expect([status, out], text.slice(0, 60)).toEqual([2, '']);
      expect(err).toMatch(says);
      expect(err).not.toMatch(/\n\s+at /);
    }
  });

  it('writes the CSV files of the comparison tool', async () => {
    const a = await written(signed({ RERUN: 'aa', REPEAT: 'bb' }), 'one.out');
    const b = await written(signed({ RERUN: 'aa', REPEAT: 'cc' }), 'two.out');
    const dir = fresh(folder, 'csv');
    const { json } = await weir('compare', a, b, '--csv', dir, '--json');
    expect((await readdir(dir)).sort()).toEqual(
      [json.csv.comparison, json.csv.summary].map((f: string) => path.basename(f)),
    );
    expect(path.basename(json.csv.summary)).toMatch(/^\d\d-\d\d-\d{4}-\d\d-\d\d-\d\d-\d{6}-summary\.csv$/);
    const header = 'workflow,RERUN,REPEAT,RECOMPUTE,REPRODUCE,REPLICATE_SCI,REPLICATE_COMP,REPLICATE_TOTAL';
    const [x, y] = [path.basename(a), path.basename(b)];
    expect(await readFile(json.csv.summary, 'utf8')).toBe(
      `${header}\r\n${x},aa,bb,,,,,\r\n${y},aa,cc,,,,,\r\n`,
    );
    // As upstream has it, what neither side has counts as equal here.
    expect(await readFile(json.csv.comparison, 'utf8')).toBe(
      `${header}\r\n${x}:${y},True,False,True,True,True,True,True\r\n`,
    );
  });
});

describe('weir compare of a session and the file it wrote', () => {
  it.skipIf(!hasGolden)(`finds them the same (skipped where ${SKIP_REASON})`, async () => {
    const dir = fresh(folder, 'history');
    const graph = path.join(SHARED, 'graphs', 'repro', 'h_run.graph');
    const run = await weir('run', graph, '--rmode', 'ALL', '--session', 'a', '--data-dir', dir, '--json');
    const file = path.join(run.json.sessionDir, 'reprodata.out');
    const { status, json } = await weir('compare', 'a', file, '--data-dir', dir, '--json');
    expect(status).toBe(0);
    expect(Object.keys(json.rmodes)).toHaveLength(7);
  });
});
