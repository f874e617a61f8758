import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  BundlePaths,
  checkBundle,
  checkEntryHeaders,
  formatZip,
  importVerdict,
  makeBundle,
  manifestText,
  outputPath,
  pathProblem,
  readZip,
  signNote,
  verifierKeyText,
  type ZipEntry,
} from '../../../engine/reproducibility/index.ts';
import type { Any } from './golden.ts';
import { chain, graphBytes, keyText, sealedSession, signer, stranger } from './fixtures.ts';

const VERIFIER = path.resolve('resources/verify/weir-verify.mjs');
const session = sealedSession(chain(5));
const entries = makeBundle(
  {
    ...session,
    key: keyText,
    graph: graphBytes,
    logicalGraph: Buffer.from('{"nodeDataArray":[]}'),
    reprodataOut: Buffer.from('[{},{"rmode":"1","RERUN":{"signature":"aa"}}]'),
    outputs: [{ oid: '1_n4_0', bytes: Buffer.from('content 4') }],
    exportedAtMs: 1_700_000_020_000,
    agentName: 'A. Person',
  },
  signer,
);
const zip = formatZip(entries);

const withEntry = (name: string, bytes: Uint8Array): ZipEntry[] =>
  entries.map((entry) => (entry.path === name ? { path: name, bytes } : entry));
/** Entries with a manifest that fits them: what somebody with a key of his own could make. */
const resigned = (list: readonly ZipEntry[], by = signer): ZipEntry[] => {
  const others = list.filter((entry) => entry.path !== BundlePaths.MANIFEST);
  return [
    ...others,
    { path: BundlePaths.MANIFEST, bytes: Buffer.from(signNote(manifestText(others), [by])) },
  ];
};
const problemsOf = (list: readonly ZipEntry[]): string[] =>
  checkBundle(list).problems.map(({ entry, message }) => `${entry}: ${message}`);

/** Another program that writes and reads ZIP; not on every machine. */
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('a bundle', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'weir-bundle-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function standalone(target: string): { status: number; out: string } {
    try {
      return {
        status: 0,
        out: execFileSync(process.execPath, [VERIFIER, target], { encoding: 'utf8', stdio: 'pipe' }),
      };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { status, out: stdout + stderr };
    }
  }
  function file(bytes: Uint8Array): string {
    const name = path.join(folder, 'bundle.zip');
    writeFileSync(name, bytes);
    return name;
  }
  function unpacked(list: readonly ZipEntry[], name: string): string {
    const target = path.join(folder, name);
    mkdirSync(path.join(target, 'outputs'), { recursive: true });
    for (const { path: inside, bytes } of list) writeFileSync(path.join(target, inside), bytes);
    return target;
  }

  it('comes back from its archive as it went in, and holds', () => {
    const back = readZip(zip);
    expect(back.map(({ path: name }) => name)).toEqual(entries.map(({ path: name }) => name));
    const verdict = checkBundle(back, { trustedKeys: [keyText] });
    expect(verdict.problems).toEqual([]);
    expect(verdict.isTrustedKey).toBe(true);
    expect(verdict.contents?.recordTexts).toEqual(session.recordTexts);
    expect(verdict.contents?.graph).toEqual(graphBytes);
    expect(Buffer.from(verdict.contents?.outputs.get('1_n4_0') ?? []).toString()).toBe('content 4');
    const said = standalone(file(zip));
    expect(said.out).toMatch(/^VALID: /m);
    expect(said.status).toBe(0);
    expect(standalone(unpacked(entries, 'good')).status).toBe(0);
  });

  it.skipIf(!hasPython)('is opened by other programs that read ZIP (skipped without python3)', () => {
    const listing = execFileSync(
      'python3',
      [
        '-c',
        'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);print(z.testzip(),len(z.namelist()))',
        file(zip),
      ],
      { encoding: 'utf8' },
    );
    expect(listing.trim()).toBe(`None ${entries.length}`);
  });

  it('is refused whichever byte of the archive is altered', () => {
    for (let i = 0; i < zip.length; i++) {
      const altered = Buffer.from(zip);
      altered[i] = (altered[i] as number) ^ 1;
      let problem: string | undefined;
      try {
        problem = checkBundle(readZip(altered)).problems[0]?.message;
      } catch (error) {
        problem = (error as Error).message;
      }
      expect(problem, `byte ${i}`).toBeTruthy();
    }
  });

  it('names the file that was altered, here and in the standalone verifier', () => {
    for (const { path: name, bytes } of entries) {
      const altered = Buffer.from(bytes);
      altered[Math.floor(altered.length / 2)] = (altered[Math.floor(altered.length / 2)] as number) ^ 1;
      const list = withEntry(name, altered);
      expect(
        checkBundle(list).problems.some(({ entry }) => entry === name),
        `${name}: ${problemsOf(list).join()}`,
      ).toBe(true);
      const { status, out } = standalone(unpacked(list, 'altered'));
      expect(status, out).toBe(1);
      expect(out).toMatch(new RegExp(`^FAIL {2}${name.replaceAll('.', '\\.')}`, 'm'));
      rmSync(path.join(folder, 'altered'), { recursive: true });
    }
  });

  it('is refused when files were added or taken away', () => {
    expect(problemsOf(entries.filter(({ path: name }) => name !== BundlePaths.GRAPH)).join()).toMatch(
      /graph\.json\.gz is missing/,
    );
    const added = [...entries, { path: 'outputs/1_n2_0', bytes: Buffer.from('content 2') }];
    expect(problemsOf(added).join()).toMatch(/outputs\/1_n2_0 is not in the manifest/);
  });

  it('is refused when contents were exchanged under a new manifest', () => {
    const alter = (name: string, bytes: Uint8Array): string =>
      problemsOf(resigned(withEntry(name, bytes))).join('\n');
    const records = session.recordTexts.map((text) => `${text}\n`);
    expect(
      alter(BundlePaths.RECORDS, gzipSync([records[1], records[0], ...records.slice(2)].join(''))),
    ).toMatch(/another root/);
    expect(alter(BundlePaths.RECORDS, gzipSync(records.slice(1).join('')))).toMatch(/4 records.*5 drops/);
    expect(alter(BundlePaths.RECORDS, gzipSync(records.join('').slice(0, -9)))).toMatch(/cut off/);
    expect(alter(BundlePaths.RECORDS, Buffer.from('x'))).toMatch(/no whole gzip/);
    expect(alter(BundlePaths.GRAPH, gzipSync('[]'))).toMatch(/not the one that the session ran/);
    expect(alter('outputs/1_n4_0', Buffer.from('other'))).toMatch(/not what "1_n4_0" held/);
    expect(alter(BundlePaths.REPRODATA, gzipSync('[{},{"rmode":"1","RERUN":{"signature":"bb"}}]'))).toMatch(
      /RERUN signature/,
    );
    const other = sealedSession(chain(5), { runId: 'another' });
    expect(alter(BundlePaths.SEAL, Buffer.from(other.seal))).toMatch(/not the ones that were sealed/);
    expect(alter(BundlePaths.LOG, Buffer.from(JSON.stringify(other.log)))).toMatch(/log/);
    const { status, out } = standalone(
      unpacked(resigned(withEntry('outputs/1_n4_0', Buffer.from('other'))), 'exchanged'),
    );
    expect(status).toBe(1);
    expect(out).toMatch(/not what "1_n4_0" held/);
  });

  it('is refused when a stranger signed the manifest, or the seal is not by a key one trusts', () => {
    expect(problemsOf(resigned(entries, stranger)).join()).toMatch(/none of the keys/);
    expect(
      checkBundle(entries, { trustedKeys: [verifierKeyText(stranger)] }).problems.map(({ entry }) => entry),
    ).toContain(BundlePaths.KEY);
  });

  it('can write nowhere but where it is unpacked', () => {
    for (const bad of [
      '../x',
      '/etc/passwd',
      'outputs/../../x',
      'outputs\\x',
      'C:/x',
      'outputs//x',
      './facts.json',
      'outputs/a\0b',
      'other.txt',
      'outputs/a/b',
      `outputs/${'x'.repeat(300)}`,
    ])
      expect(pathProblem(bad), bad).toBeTruthy();
    for (const good of [
      ...Object.values(BundlePaths),
      outputPath('2026-01-01T00:00:00_d1_0'),
      outputPath('..'),
      outputPath('a/b\\c*ü'),
      outputPath('x'.repeat(500)),
    ])
      expect(pathProblem(good), good).toBeUndefined();
    const headers = [
      { path: 'facts.json', sizeBytes: 1, isRegularFile: true },
      { path: 'outputs/x', sizeBytes: 1, isRegularFile: false },
      { path: 'outputs/X', sizeBytes: 1, isRegularFile: true },
      { path: '../evil', sizeBytes: 1, isRegularFile: true },
    ];
    expect(checkEntryHeaders(headers).map(({ message }) => message)).toEqual([
      expect.stringContaining('link'),
      expect.stringContaining('twice'),
      expect.stringContaining('leads out'),
    ]);
    expect(problemsOf([...entries, { path: '../evil', bytes: Buffer.of(1) }]).join()).toMatch(
      /evil.*leads out/,
    );
  });

  it('does not expand without limit', () => {
    const limits = { maxEntries: 100, maxBytes: 1e9, maxExpandedBytes: 1e6 };
    const bomb = resigned(withEntry(BundlePaths.RECORDS, gzipSync(Buffer.alloc(2e7, 'x'))));
    expect(
      checkBundle(bomb, { limits })
        .problems.map(({ message }) => message)
        .join(),
    ).toMatch(/expands to more/);
    expect(checkBundle(entries, { limits: { ...limits, maxEntries: 2 } }).problems[0]?.message).toMatch(
      /accepted are 2/,
    );
    expect(checkBundle(entries, { limits: { ...limits, maxBytes: 10 } }).problems[0]?.message).toMatch(
      /accepted are 10/,
    );
  });

  it.skipIf(!hasPython)(
    'is not read from archives that hold links, compressed files or more than they say (skipped without python3)',
    () => {
      const python = (code: string): Buffer => {
        const name = path.join(folder, 'foreign.zip');
        execFileSync('python3', [
          '-c',
          `import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w')\n${code}\nz.close()`,
          name,
        ]);
        return execFileSync('cat', [name]);
      };
      expect(() =>
        readZip(
          python("i=zipfile.ZipInfo('outputs/x');i.external_attr=0o120777<<16;z.writestr(i,'/etc/passwd')"),
        ),
      ).toThrow(/link "outputs\/x"/);
      expect(() => readZip(python("z.writestr('facts.json','x'*1000,zipfile.ZIP_DEFLATED)"))).toThrow(
        /compressed/,
      );
      expect(() => readZip(python("z.writestr('facts.json','x')"))).toThrow(/altered/);
      expect(() => readZip(Buffer.concat([zip, Buffer.from('more')]))).toThrow(/no end/);
      expect(() => readZip(Buffer.concat([Buffer.from('before'), zip]))).toThrow(/altered/);
      expect(() => readZip(zip.subarray(0, 500))).toThrow(/no end/);
      expect(() => readZip(Buffer.alloc(0))).toThrow(/no end/);
      symlinkSync('/etc/hostname', path.join(unpacked(entries, 'linked'), 'outputs', 'link'));
      expect(standalone(path.join(folder, 'linked')).out).toMatch(/"outputs\/link" is a link/);
    },
  );

  it('describes itself as a Workflow Run RO-Crate', () => {
    const crate = JSON.parse(Buffer.from(entries[0]?.bytes ?? []).toString());
    const byId = new Map<string, Any>(crate['@graph'].map((entity: Any) => [entity['@id'], entity]));
    expect(crate['@context'][0]).toBe('https://w3id.org/ro/crate/1.1/context');
    expect(byId.get('ro-crate-metadata.json')).toMatchObject({
      '@type': 'CreativeWork',
      about: { '@id': './' },
    });
    const root = byId.get('./');
    for (const key of ['name', 'description', 'datePublished', 'license'])
      expect(root[key], key).toBeTruthy();
    expect(root.mainEntity).toEqual({ '@id': 'graph.json.gz' });
    expect(byId.get('graph.json.gz')['@type']).toContain('ComputationalWorkflow');
    const [action] = [root.mentions].flat().map((mentioned: Any) => byId.get(mentioned['@id']));
    expect(action).toMatchObject({ '@type': 'CreateAction', instrument: { '@id': 'graph.json.gz' } });
    expect(action.result).toEqual({ '@id': 'outputs/1_n4_0' });
    // every reference within the crate leads to an entity, and every file of the bundle but manifest and metadata is one
    const references = (value: unknown): string[] =>
      typeof value !== 'object' || value === null
        ? []
        : Object.entries(value).flatMap(([key, item]) =>
            key === '@id' && Object.keys(value).length === 1 ? [item as string] : references(item),
          );
    for (const id of crate['@graph'].flatMap((entity: object) => Object.values(entity).flatMap(references)))
      if (!/^https?:/.test(id)) expect(byId.has(id), id).toBe(true);
    for (const { path: name } of entries)
      if (name !== BundlePaths.MANIFEST && name !== BundlePaths.METADATA)
        expect(root.hasPart).toContainEqual({ '@id': name });
  });

  it('is added to a history once, and never over another run of the same name', () => {
    const incoming = { sessionId: 'a', runId: '1', seal: 'x' };
    expect(importVerdict(incoming, [])).toBe('new');
    expect(importVerdict(incoming, [incoming])).toBe('same');
    expect(importVerdict(incoming, [{ ...incoming, runId: '2', seal: 'y' }])).toBe('conflict');
    expect(importVerdict(incoming, [{ ...incoming, sessionId: 'b', seal: 'y' }])).toBe('conflict');
  });
});
