/** `weir history`, `history prune`, `show`, `trace`: filters, records, ways back, retention, as a person calls them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fresh, historyOf, pipeline, weirHere as weir } from '../../support/weir-here.ts';
import type { Any } from '../reproducibility/golden.ts';

let folder: string;
let store: readonly string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-history-'));
  store = await historyOf(folder, ['a', pipeline('one')], ['b', pipeline('two')]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ids = ({ json }: { json: Any }): string[] => json.sessions.map((one: Any) => one.sessionId);

describe('weir history', () => {
  it('finds sessions by drop, state, content, time and signature', async () => {
    const of = async (...args: string[]) => ids(await weir('history', '--json', ...store, ...args));
    expect(await of()).toEqual(['b', 'a']);
    expect(await of('--limit', '1', '--offset', '1')).toEqual(['a']);
    expect(await of('--text', 'A')).toContain('a');
    expect(await of('--status', 'finished')).toEqual(['b', 'a']);
    expect(await of('--since', '1h')).toEqual(['b', 'a']);
    expect(await of('--until', '2020-01-01')).toEqual([]);
    expect(await of('--drop-status', 'RUNNING')).toEqual([]);
    const found = await weir('history', '--json', ...store, '--drop', 'G', '--drop-status', 'COMPLETED');
    expect(ids(found)).toEqual(['b', 'a']);
    expect(found.json.sessions[0].matches.map((one: Any) => one.uid)).toEqual(['g']);
    const content = fresh(folder, 'content');
    await writeFile(content, 'one');
    expect(await of('--content', content)).toEqual(['a']);
    const { json } = await weir('show', 'a', '--json', ...store);
    const { canonical } = json.reproducibility.modes.find((mode: Any) => mode.mode === 'REPRODUCE');
    expect(await of('--signature', canonical)).toEqual(['a']);
    expect((await weir('history', ...store, '--drop', 'f')).out).toMatch(/\n {4}COMPLETED {2}f/);
    expect((await weir('history', ...store, '--graph', 'nothing')).out).toBe('No session fits.\n');
  });

  it.each([
    [['--status', 'happy'], /no state of a session/],
    [['--drop-status', 'happy'], /no state of a drop/],
    [['--since', 'soon'], /A date such as/],
    [['--content', 'zz'], /--content expects/],
    [['--limit', '0'], /whole number from 1/],
    [['prune'], /There is no rule/],
    [['prune', '--older-than', 'long'], /length of time/],
    [['prune', '--keep', '1', '--what', 'seals'], /is none of them/],
    [['prune', '--max-size', 'huge'], /size such as/],
  ])('%j is refused with status 2 and a sentence', async (args, says) => {
    const { status, out, err } = await weir('history', ...args, ...store);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });
});

describe('weir show', () => {
  it('prints of a session its signatures and its seal', async () => {
    const { out } = await weir('show', 'a', ...store);
    expect(out).toMatch(/^FINISHED {2}a\n/);
    expect(out).toMatch(/records +4 of 4 drops, 2 with the hash of a content/);
    expect(out).toMatch(/REPRODUCE +[0-9a-f]{64} \(Weir\)/);
    expect(out).toMatch(/sealed .* by weir\//);
  });

  it('prints of a drop its whole record, and says what is not there', async () => {
    const { out } = await weir('show', 'a', 'c', ...store);
    expect(out).toMatch(/record \(leaf [0-9a-f]{16}…, as sealed\)/);
    for (const line of [/what +category/, /oid = c/, /read +f sha256 [0-9a-f]{64}/, /code +command = cat/, /environment = .*nodeVersion/, /timing +started 20/, /exitCode = 0/, /execStatus = FINISHED/])
      expect(out).toMatch(line); // prettier-ignore
    expect(await weir('show', 'a', 'nobody', ...store)).toMatchObject({ status: 2, out: '' });
  });
});

describe('weir trace', () => {
  it('goes from a file back to the roots', async () => {
    const content = fresh(folder, 'content');
    await writeFile(content, 'two');
    const { out, status } = await weir('trace', content, ...store);
    expect(status).toBe(0);
    const lines = out.split('\n').map((line) => line.trim());
    expect(lines.filter((line) => line.startsWith('made by'))).toEqual([
      expect.stringMatching(/^made by session b /),
      expect.stringMatching(/^made by session b /),
    ]);
    expect(out).toMatch(
      /g {2}FileDROP .*\n +<- c {2}BashShellApp {2}FINISHED {2}cat.*\n +f {2}FileDROP .*\n +<- w /,
    );
    const { json } = await weir('trace', content, ...store, '--json');
    expect(json.origins.at(-1).drops.map((one: Any) => one.uid)).toEqual(['g', 'c', 'f', 'w']);
    expect((await weir('trace', json.sha256, ...store)).status).toBe(0);
    expect((await weir('trace', path.join(folder, 'none'), ...store)).status).toBe(2);
  });
});

describe('weir history prune', () => {
  it('says what would go, drops it, and everything still verifies', async () => {
    const own = await historyOf(folder, ['a', pipeline('one')]);
    const dry = await weir('history', 'prune', '--keep', '0', '--dry-run', ...own);
    expect(dry.out).toMatch(/a .*not one of the newest 0\n.*would go/s);
    expect((await weir('cat', 'a', 'g', ...own)).out).toBe('one');
    const { json } = await weir('history', 'prune', '--keep', '0', '--json', ...own);
    expect(json).toMatchObject({ dryRun: false, keptBytes: 0, sessions: [{ sessionId: 'a' }] });
    expect(await weir('cat', 'a', 'g', ...own)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/retention/),
    });
    expect((await weir('verify', '--all', ...own, '--json')).json).toMatchObject({
      valid: true,
      problems: [],
    });
    expect((await weir('history', 'prune', '--keep', '0', ...own)).out).toMatch(/^Nothing to drop/);
  });
});
