/** `weir export`, `import` and `verify` on bundles: carried elsewhere and back, and what is refused, with statuses as in cli.md. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importBundle } from '../../../engine/api/index.ts';
import {
  BundlePaths,
  formatZip,
  manifestText,
  privateKeyFromSeed,
  readZip,
  signNote,
  type NoteSigner,
  type ZipEntry,
} from '../../../engine/reproducibility/index.ts';
import { testHost, type TestHost } from '../../support/host.ts';
import { fresh, historyOf, pipeline, weirHere as weir } from '../../support/weir-here.ts';
import type { Any } from '../reproducibility/golden.ts';

let folder: string;
/** A history with session `a`, its bundle, and the entries of that. */
let store: readonly string[];
let bundle: string;
let entries: ZipEntry[];
/** Where bundles are imported in vain. */
let host: TestHost;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-bundles-'));
  store = await historyOf(folder, ['a', pipeline('one')]);
  bundle = path.join(folder, 'a.zip');
  expect((await weir('export', 'a', '-o', bundle, ...store)).status).toBe(0);
  entries = readZip(await readFile(bundle));
  host = await testHost();
});
afterAll(async () => {
  await host.remove();
  await rm(folder, { recursive: true, force: true });
});

const elsewhere = (): string[] => ['--data-dir', fresh(folder, 'history')];
const written = async (bytes: Uint8Array): Promise<string> => {
  const where = fresh(folder, 'bundle');
  await writeFile(where, bytes);
  return where;
};
/** The signer of a history: who can make manifests that hold. */
async function signerOf(dataDir: readonly string[]): Promise<NoteSigner> {
  const text = await readFile(path.join(dataDir[1] as string, 'device.key'), 'utf8');
  const key = Buffer.from(entries.find(({ path: name }) => name === BundlePaths.KEY)!.bytes).toString();
  return {
    name: key.split('+')[0] as string,
    privateKey: privateKeyFromSeed(Buffer.from(text.trim().split(' ')[1] as string, 'base64')),
  };
}
/** Entries under a manifest that its own device would sign. */
async function resigned(list: readonly ZipEntry[]): Promise<ZipEntry[]> {
  const others = list.filter(({ path: name }) => name !== BundlePaths.MANIFEST);
  const note = signNote(manifestText(others), [await signerOf(store)]);
  return [...others, { path: BundlePaths.MANIFEST, bytes: Buffer.from(note) }];
}

describe('a bundle', () => {
  it('is the same bytes each time it is exported', async () => {
    const again = fresh(folder, 'again');
    await weir('export', 'a', '-o', again, ...store);
    expect((await readFile(again)).equals(await readFile(bundle))).toBe(true);
  });

  it('is the same bytes again when it is exported where it was imported', async () => {
    const other = elsewhere();
    const imported = await weir('import', bundle, ...other, '--json');
    expect(imported.json).toMatchObject({ sessionId: 'a', isNew: true, file: bundle });
    const again = fresh(folder, 'again');
    await weir('export', 'a', '-o', again, ...other);
    expect((await readFile(again)).equals(await readFile(bundle))).toBe(true);
  });

  it('names who wrote it when it can no longer be what it was, and still verifies', async () => {
    const other = elsewhere();
    await weir('import', bundle, ...other);
    expect((await weir('history', 'prune', '--keep', '0', ...other)).status).toBe(0);
    const again = fresh(folder, 'again');
    expect((await weir('export', 'a', '-o', again, ...other)).status).toBe(0);
    const names = readZip(await readFile(again)).map((entry) => entry.path);
    expect(names).toContain(BundlePaths.EXPORTER);
    expect(names.filter((name) => name.startsWith('outputs/'))).toEqual([]);
    expect((await weir('verify', again, '--json')).json).toMatchObject({ valid: true });
    expect((await weir('import', again, ...elsewhere(), '--json')).json).toMatchObject({ isNew: true });
  });

  it('is compared, traced, shown, verified and run again where it was imported', async () => {
    const other = elsewhere();
    await weir('import', bundle, '--as', 'b', ...other);
    expect((await weir('verify', 'b', ...other)).status).toBe(0);
    expect((await weir('show', 'b', ...other)).out).toMatch(/where it ran|sealed/);
    const shown = (await weir('show', 'b', 'c', ...other, '--json')).json;
    expect(shown.record.isSealed).toBe(true);
    expect(shown.record.environment).toMatchObject({ architecture: process.arch });
    const content = await written(Buffer.from('one'));
    expect((await weir('trace', content, ...other, '--json')).json.made).toHaveLength(2);
    const again = await weir('rerun', 'b', '--reuse', '--session', 'c', ...other, '--json');
    expect(again.json).toMatchObject({ status: 'FINISHED', reused: 2 });
    expect((await weir('compare', 'b', 'c', ...other)).status).toBe(0);
  });

  it('carries reprodata.out, and takes none from the folder it is called in', async () => {
    const other = elsewhere();
    await weir('import', bundle, ...other);
    const here = process.cwd();
    const trap = fresh(folder, 'trap');
    await mkdir(trap);
    await writeFile(path.join(trap, 'reprodata.out'), '[{},{"rmode":"1","RERUN":{"signature":"ff"}}]');
    const again = fresh(folder, 'again');
    process.chdir(trap);
    try {
      await weir('export', 'a', '-o', again, ...other);
    } finally {
      process.chdir(here);
    }
    const of = (list: readonly ZipEntry[]) => list.find((entry) => entry.path === BundlePaths.REPRODATA);
    expect(of(readZip(await readFile(again)))).toEqual(of(entries));
  });
});

describe('what is no bundle, or none as it was written', () => {
  const altered = (name: string, bytes: Uint8Array): ZipEntry[] =>
    entries.map((entry) => (entry.path === name ? { path: name, bytes } : entry));
  const added = (name: string): ZipEntry[] => [...entries, { path: name, bytes: Buffer.from('x') }];
  const central = (zip: Buffer, name: string): number => zip.lastIndexOf(Buffer.from(name)) - 46;

  const cases: readonly (readonly [what: string, make: () => Promise<Uint8Array> | Uint8Array, says: RegExp])[] = [
    ['an empty file', () => Buffer.alloc(0), /no end: it is cut off, or no bundle/],
    ['a letter', () => Buffer.from('Dear all'), /no end: it is cut off, or no bundle/],
    ['a bundle that is cut off', async () => (await readFile(bundle)).subarray(0, 5000), /cut off/],
    ['bytes before the first entry', async () => Buffer.concat([Buffer.from('#!'), await readFile(bundle)]), /altered|between/],
    ['a path out of the folder', async () => formatZip(await resigned(added('outputs/../../evil'))), /leads out of the folder/],
    ['a path from the root', async () => formatZip(await resigned(added('/etc/passwd'))), /leads out of the folder/],
    ['a Windows path', async () => formatZip(await resigned(added('C:\\evil'))), /not allowed/],
    ['a file that is none of a bundle', async () => formatZip(await resigned(added('setup.sh'))), /no file of a bundle/],
    ['a file that is in no manifest', () => formatZip(added('outputs/more')), /not in the manifest: it was added/],
    ['an entry that is there twice', async () => formatZip(await resigned([...entries, entries[2] as ZipEntry])), /there twice/],
    ['a wrong hash', () => formatZip(altered('outputs/f', Buffer.from('two'))), /outputs\/f.*altered/],
    ['another content that was signed again', async () => formatZip(await resigned(altered('outputs/f', Buffer.from('two')))), /its hash is not the recorded one/],
    ['other records that were signed again', async () => formatZip(await resigned(altered(BundlePaths.RECORDS, gzipSync('{}\n')))), /records|record/],
    ['another graph that was signed again', async () => formatZip(await resigned(altered(BundlePaths.GRAPH, gzipSync('[]')))), /not the one that the session ran/],
    ['a record file that unpacks to very much', async () => formatZip(await resigned(altered(BundlePaths.RECORDS, gzipSync(Buffer.alloc(300_000_000), { level: 9 })))), /expands to more than is accepted/],
    ['a missing file', () => formatZip(entries.filter((entry) => entry.path !== BundlePaths.SEAL)), /seal\.txt/],
    ['a manifest of somebody else', async () => {
      const stranger = { name: 'weir/AAAA-BBBB', privateKey: privateKeyFromSeed(Buffer.alloc(32, 7)) };
      const others = entries.filter((entry) => entry.path !== BundlePaths.MANIFEST);
      const note = signNote(manifestText(others), [stranger]);
      return formatZip([...others, { path: BundlePaths.MANIFEST, bytes: Buffer.from(note) }]);
    }, /manifest/],
    ['a link', async () => {
      const zip = Buffer.from(await readFile(bundle));
      zip.writeUInt32LE(0o120777 * 65536, central(zip, 'outputs/f') + 38);
      return zip;
    }, /holds the link "outputs\/f"; links are not followed/],
    ['a compressed entry', async () => {
      const zip = Buffer.from(await readFile(bundle));
      zip.writeUInt16LE(8, central(zip, 'outputs/f') + 10);
      return zip;
    }, /compressed/],
  ]; // prettier-ignore

  it.each(cases)('%s is refused by import, and nothing of it stays', async (_what, make, says) => {
    await expect(importBundle(host.deps, await make(), 'a.zip')).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringMatching(says),
    });
    expect((await host.store.sessions({})).total).toBe(0);
    expect(await host.store.lastSeal()).toBeUndefined();
  });

  it('gets status 2, a line or two on standard error and nothing on standard output', async () => {
    const other = elsewhere();
    for (const [what, make, says] of cases.filter(([name]) => /cut off|a link$|wrong hash/.test(name))) {
      const { status, out, err } = await weir('import', await written(await make()), ...other, '--json');
      expect([status, out], what).toEqual([2, '']);
      expect(err).toMatch(says);
      expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
      expect(err).not.toMatch(/\n\s+at /);
    }
    expect((await weir('history', ...other, '--json')).json.sessions).toEqual([]);
  });

  it.each(cases)('%s is not called whole by verify', async (what, make, says) => {
    const where = await written(await make());
    const { status, out, err, json } = await weir('verify', where, '--json');
    // What does not even begin like a ZIP file is no bundle that was altered, but something else.
    const isZip = !/an empty file|a letter|bytes before/.test(what);
    expect(status).toBe(isZip ? 1 : 2);
    const told = isZip ? json.problems.map((one: Any) => `${one.entry}: ${one.message}`).join('\n') : err;
    expect(told).toMatch(isZip ? says : /neither a proof nor a bundle/);
    if (!isZip) expect(out).toBe('');
  });

  it('a bundle of a foreign ZIP program is refused in words', async () => {
    const where = fresh(folder, 'foreign');
    const made = spawnSync('python3', [
      '-c',
      'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)\nz.writestr("facts.json", "{}")\nz.close()',
      where,
    ]);
    if (made.status !== 0) return;
    expect(await weir('import', where, ...elsewhere())).toMatchObject({
      status: 2,
      err: expect.stringMatching(/compressed|altered/),
    });
  });

  it('a folder, a file there is not and a loop of links are refused with status 2', async () => {
    const loop = fresh(folder, 'loop');
    await symlink(loop, loop);
    for (const [where, says] of [
      [folder, /it is a folder/],
      [path.join(folder, 'nothing.zip'), /no such file/],
      [loop, /cannot be read/],
    ] as const)
      expect(await weir('import', where, ...elsewhere())).toMatchObject({
        status: 2,
        err: expect.stringMatching(says),
      });
  });
});

describe('two sessions of one id', () => {
  it('are kept apart: the second needs another id, and the first is untouched', async () => {
    const other = await historyOf(folder, ['a', pipeline('else')]);
    const refused = await weir('import', bundle, ...other);
    expect(refused).toMatchObject({ status: 2, err: expect.stringMatching(/not merged.*--as/) });
    expect((await weir('cat', 'a', 'g', ...other)).out).toBe('else');
    expect((await weir('import', bundle, '--as', 'a', ...other)).status).toBe(2);
    expect(await weir('import', bundle, '--as', '../a', ...other)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/cannot be a session id/),
    });
    expect((await weir('import', bundle, '--as', 'a2', ...other, '--json')).json.sessionId).toBe('a2');
    expect((await weir('verify', '--all', ...other, '--json')).json).toMatchObject({ valid: true });
  });
});

describe('whose bundle it is', () => {
  it('is said, and --key takes only those of known devices', async () => {
    const key = Buffer.from(entries.find((entry) => entry.path === BundlePaths.KEY)!.bytes)
      .toString()
      .trim();
    const name = key.split('+')[0] as string;
    const taken = await weir('import', bundle, '--key', key, ...elsewhere(), '--json');
    expect(taken.json).toMatchObject({ isNew: true, signedBy: name, isTrustedKey: true });
    expect((await weir('import', bundle, ...elsewhere())).out).toContain(name);
    const other = await historyOf(folder, ['x', pipeline('x')]);
    const file = fresh(folder, 'x.zip');
    await weir('export', 'x', '-o', file, ...other);
    const refused = await weir('import', file, '--key', key, ...elsewhere());
    expect(refused).toMatchObject({ status: 2, err: expect.stringMatching(/not a key you trust/) });
    expect((await weir('import', bundle, '--key', 'nonsense', ...elsewhere())).status).toBe(2);
  });
});
