/** The commands over what was recorded, called in this process; each with the documents and exit statuses of cli.md. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatZip, readZip } from '../../../engine/reproducibility/index.ts';
import { app, data } from '../../support/host.ts';
import {
  type Any,
  goldenGraphs,
  hasGolden,
  readGolden,
  SHARED,
  SKIP_REASON,
} from '../reproducibility/golden.ts';
import { weirHere as weir, type Called } from '../../support/weir-here.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-repro-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = undefined;
});

/** echo WORD > f; cat f > g */
const pipeline = (word: string) => [
  app('w', 'dlg.apps.bash_shell_app.BashShellApp', { command: `printf ${word} > %o0`, outputs: ['f'] }),
  data('f', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['w'], consumers: ['c'] }),
  app('c', 'dlg.apps.bash_shell_app.BashShellApp', {
    command: 'cat %i0 > %o0',
    inputs: ['f'],
    outputs: ['g'],
  }),
  data('g', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['c'] }),
];

let count = 0;
/** A history of its own with sessions that ran. */
async function history(
  ...runs: readonly (readonly [id: string, graph: object])[]
): Promise<readonly string[]> {
  const dir = path.join(folder, `history${count++}`);
  for (const [id, graph] of runs) {
    const file = path.join(folder, `graph${count++}.json`);
    await writeFile(file, JSON.stringify(graph));
    const { status, err } = await weir('run', file, '--session', id, '--data-dir', dir, '--json');
    expect(status, err).toBe(0);
  }
  return ['--data-dir', dir];
}

describe('weir sign', () => {
  it.runIf(hasGolden)(
    'prints the signatures of the real system for logical graphs, templates and physical graphs',
    async () => {
      for (const name of goldenGraphs().filter((file) => /^h_(run|scatter|chain)/.test(file))) {
        const golden = readGolden(`graphs/${name}`);
        const graph = path.join(SHARED, golden.graph as string);
        const nodes = (golden.nodes as string[]).join(',');
        const prefix = (golden.oid_prefix as string | undefined) ?? '1';
        for (const [stage, key] of [
          ['lg', 'lg'],
          ['pgt', 'pgt_partition'],
          ['pg', 'pg'],
        ] as const) {
          const called = await weir(
            'sign',
            graph,
            '--rmode',
            'ALL',
            '--stage',
            stage,
            '-p',
            prefix,
            '-N',
            nodes,
            '--json',
          );
          expect(called.status, called.err).toBe(0);
          const expected = (mode: string): Any => {
            const block = golden.results[mode][key];
            return block.same_as === undefined ? block : golden.results[block.same_as][key];
          };
          for (const [mode, signature] of Object.entries(called.json.signatures))
            expect(signature, `${name} ${stage} ${mode}`).toBe(expected(mode).signature);
        }
      }
    },
  );
  it.skipIf(hasGolden)(`prints the signatures of the real system (skipped: ${SKIP_REASON})`, () => undefined);

  it('refuses what is no graph, and a mode there is not, with status 2', async () => {
    const file = path.join(folder, 'no.graph');
    await writeFile(file, '[1, 2');
    expect((await weir('sign', file)).status).toBe(2);
    await writeFile(file, '"text"');
    expect((await weir('sign', file)).status).toBe(2);
    await writeFile(file, '{"nodeDataArray": []}');
    expect(await weir('sign', file, '--rmode', 'SOMETHING')).toMatchObject({
      status: 2,
      err: /no R-mode/ as Any,
    });
  });
});

describe('weir compare', () => {
  it('finds two runs of one graph the same, and names the drop and the field where they differ', async () => {
    const store = await history(['a', pipeline('one')], ['b', pipeline('one')], ['c', pipeline('two')]);
    const same = await weir('compare', 'a', 'b', ...store, '--json');
    expect(same.status, same.out).toBe(0);
    expect(same.json.canonical.REPRODUCE.same).toBe(true);
    const other = await weir('compare', 'a', 'c', ...store, '--json');
    expect(other.status).toBe(1);
    const { REPEAT } = other.json.canonical;
    expect(REPEAT.same).toBe(false);
    const [first] = REPEAT.differing;
    expect(first).toMatchObject({ a: 'w', b: 'w', isFirst: true });
    expect(first.fields.map((field: Any) => field.name)).toContain('command');
  });

  it('says what is missing with status 2: a session there is not, a file that is cut off', async () => {
    const store = await history(['a', pipeline('one')]);
    expect((await weir('compare', 'a', 'nobody', ...store)).status).toBe(2);
    const file = path.join(folder, 'reprodata.out');
    await writeFile(file, '[\n    {');
    expect(await weir('compare', file, file)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/truncated/),
    });
    await writeFile(file, '[{"a": {"no": "oid"}}, {}]');
    expect((await weir('compare', file, file)).status).toBe(2);
  });
});

describe('weir prove and verify', () => {
  it('make and accept a proof, which a program that shares no code with Weir accepts too', async () => {
    const store = await history(['a', pipeline('one')]);
    for (const uid of ['w', 'f']) {
      const file = path.join(folder, `${uid}.dlgproof`);
      expect((await weir('prove', 'a', uid, '-o', file, ...store)).status).toBe(0);
      expect((await weir('verify', file, '--json')).json).toMatchObject({ valid: true, problems: [] });
      const text = await readFile(file, 'utf8');
      expect(JSON.parse(text).record.drop.oid).toBe(uid);
      const alone = path.resolve('resources/verify/weir-verify.mjs');
      expect(execFileSync(process.execPath, [alone, file], { encoding: 'utf8' })).toMatch(/ok/);
      await writeFile(file, text.replace('"one', '"0ne').replace('COMPLETED', 'COMPLETEE'));
      expect(await weir('verify', file, '--json')).toMatchObject({ status: 1, json: { valid: false } });
    }
  });

  it('find a session as it was left, and name the drop whose record, state or content was altered', async () => {
    const store = await history(['a', pipeline('one')]);
    const intact = await weir('verify', 'a', ...store, '--json');
    expect(intact.json).toMatchObject({ valid: true, problems: [] });
    const alter = async (sql: string, ...values: unknown[]): Promise<Any> => {
      const file = path.join(store[1] as string, 'weir.db');
      const db = new Database(file);
      try {
        expect(db.prepare(sql).run(...values).changes).toBeGreaterThan(0);
      } finally {
        db.close();
      }
      return (await weir('verify', 'a', ...store, '--json')).json;
    };
    expect((await alter(`UPDATE content SET data = CAST('two' AS BLOB)`)).problems).toContainEqual(
      expect.objectContaining({ uid: 'f' }),
    );
    expect((await alter(`UPDATE state_block SET status = x'02020203'`)).problems).toContainEqual(
      expect.objectContaining({ uid: 'g', message: expect.stringMatching(/state/) }),
    );
    const signed = await alter(`UPDATE session SET signatures = '{"RERUN":"00"}'`);
    expect(signed.problems).toContainEqual(expect.objectContaining({ where: 'session' }));
    await expect(alter(`UPDATE seal SET facts = replace(facts, 'FINISHED', 'CANCELLE')`)).rejects.toThrow(
      /never changed/,
    );
    const tile = await alter(`UPDATE tree_tile SET hashes = zeroblob(length(hashes)) WHERE height = 0`);
    expect(tile.problems.some((problem: Any) => problem.uid === 'w')).toBe(true);
  });

  it('see a store that was copied to another device, or whose key was replaced', async () => {
    const store = await history(['a', pipeline('one')]);
    await rm(path.join(store[1] as string, 'device.key'));
    const { status, json } = await weir('verify', 'a', ...store, '--json');
    expect(status).toBe(1);
    expect(JSON.stringify(json.problems)).toMatch(/copied from another device, or the key was replaced/);
  });

  it('refuse a drop and a session there are not, and a file that is no proof', async () => {
    const store = await history(['a', pipeline('one')]);
    expect((await weir('prove', 'a', 'nobody', ...store)).status).toBe(2);
    expect((await weir('prove', 'nobody', 'w', ...store)).status).toBe(2);
    const file = path.join(folder, 'letter.txt');
    await writeFile(file, 'Dear all');
    expect((await weir('verify', file)).status).toBe(2);
  });
});

describe('weir trace', () => {
  it('tells which drop made a file, by its content', async () => {
    const store = await history(['a', pipeline('traced')]);
    const file = path.join(folder, 'found.txt');
    await writeFile(file, 'traced');
    const { json, status } = await weir('trace', file, ...store, '--json');
    expect(status).toBe(0);
    expect(json.made.map((drop: Any) => drop.uid)).toEqual(['f', 'g']);
    await writeFile(file, 'from elsewhere');
    expect(await weir('trace', file, ...store, '--json')).toMatchObject({ status: 1, json: { made: [] } });
  });
});

describe('weir rerun', () => {
  const input = (file: string) => [
    data('in', { dropclass: 'dlg.data.drops.file.FileDROP', filepath: file, consumers: ['c'] }),
    app('c', 'dlg.apps.bash_shell_app.BashShellApp', {
      command: 'cat %i0 > %o0',
      inputs: ['in'],
      outputs: ['f'],
    }),
    data('f', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['c'], consumers: ['d'] }),
    app('d', 'dlg.apps.bash_shell_app.BashShellApp', {
      command: 'wc -c < %i0 > %o0',
      inputs: ['f'],
      outputs: ['g'],
    }),
    data('g', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['d'] }),
  ];
  const reasons = ({ json }: Called): Record<string, string> =>
    Object.fromEntries(json.decisions.map((one: Any) => [one.uid, one.reason]));

  it('takes over what did not change, runs what did, and says why', async () => {
    const file = path.join(folder, `input${count++}`);
    await writeFile(file, 'one');
    const store = await history(['a', input(file)]);
    const all = await weir('rerun', 'a', '--reuse', '--session', 'b', '--json', ...store);
    expect(all.json).toMatchObject({ status: 'FINISHED', reused: 2 });
    expect(reasons(all)['c']).toMatch(/still verify/);
    expect((await weir('cat', 'b', 'g', ...store)).out.trim()).toBe('3');
    expect((await weir('show', 'b', 'c', '--json', ...store)).status).toBe(0);
    expect((await weir('compare', 'a', 'b', ...store)).status).toBe(0);

    // Other bytes of the same number: the first runs again, and what reads its result as well.
    await writeFile(file, 'two');
    const some = await weir('rerun', 'a', '--reuse', '--session', 'd', '--json', ...store);
    expect(some.json).toMatchObject({ status: 'FINISHED', reused: 0 });
    expect(reasons(some)['c']).toMatch(/input in has another content/);
    expect((await weir('verify', 'b', ...store, '--json')).json.problems).toEqual([]);
  });

  it('runs everything without --reuse, and refuses a session there is not', async () => {
    const store = await history(['a', pipeline('one')]);
    expect((await weir('rerun', 'a', '--json', ...store)).json).toMatchObject({
      status: 'FINISHED',
      reused: 0,
    });
    expect((await weir('rerun', 'nobody', ...store)).status).toBe(2);
  });
});

describe('weir export and import', () => {
  let bundle: string;
  let store: readonly string[];
  beforeEach(async () => {
    store = await history(['a', pipeline('one')]);
    bundle = path.join(folder, `bundle${count++}.dlgsession.zip`);
    const { json, status, err } = await weir('export', 'a', '-o', bundle, ...store, '--json');
    expect(status, err).toBe(0);
    expect(json).toMatchObject({ file: bundle, sessionId: 'a' });
  });

  it('carry a session to another history, where it can be looked at, compared and verified', async () => {
    const other = ['--data-dir', path.join(folder, `history${count++}`)];
    expect((await weir('verify', bundle, '--json')).json).toMatchObject({ valid: true });
    const alone = path.resolve('resources/verify/weir-verify.mjs');
    expect(execFileSync(process.execPath, [alone, bundle], { encoding: 'utf8' })).toMatch(/ok/);
    expect((await weir('import', bundle, ...other, '--json')).json).toMatchObject({
      sessionId: 'a',
      isNew: true,
    });
    expect((await weir('import', bundle, ...other, '--json')).json).toMatchObject({
      sessionId: 'a',
      isNew: false,
    });
    expect((await weir('show', 'a', ...other, '--json')).json.summary).toMatchObject({
      status: 'FINISHED',
      drops: 4,
    });
    const verdict = await weir('verify', 'a', ...other, '--json');
    expect(verdict.json).toMatchObject({ valid: true, problems: [] });
    expect((await weir('verify', '--all', ...other, '--json')).json.valid).toBe(true);
  });

  it('refuse a bundle of which one byte was altered, and name the file in it', async () => {
    const entries = readZip(await readFile(bundle));
    for (const wanted of ['facts.json', 'records.jsonl.gz', 'outputs/f']) {
      const altered = entries.map(({ path: name, bytes }) => {
        if (name !== wanted) return { path: name, bytes };
        const copy = Buffer.from(bytes);
        copy[copy.length - 1] = (copy.at(-1) as number) ^ 1;
        return { path: name, bytes: copy };
      });
      await writeFile(bundle, formatZip(altered));
      const { json, status } = await weir('verify', bundle, '--json');
      expect(status).toBe(1);
      expect(json.problems.map((problem: Any) => problem.entry)).toContain(wanted);
      const other = ['--data-dir', path.join(folder, `history${count++}`)];
      expect((await weir('import', bundle, ...other)).status).toBe(2);
      expect((await weir('history', ...other, '--json')).json.sessions).toEqual([]);
    }
  });

  it('keep two runs of one id apart', async () => {
    const other = await history(['a', pipeline('else')]);
    const refused = await weir('import', bundle, ...other);
    expect(refused).toMatchObject({ status: 2, err: expect.stringMatching(/not merged/) });
    expect((await weir('import', bundle, '--as', 'a2', ...other, '--json')).json).toMatchObject({
      sessionId: 'a2',
    });
    expect((await weir('verify', 'a2', ...other, '--json')).json.problems).toEqual([]);
  });
});
