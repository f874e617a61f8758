/** That a log was only appended to between two checkpoints can be proved, and is refused where it was not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  canonicalJson,
  formatConsistencyProof,
  leafHash,
  MerkleLog,
  parseConsistencyProof,
  proveConsistency,
  signLogCheckpoint,
  verifierKeyText,
  verifyConsistencyProof,
} from '../../../engine/reproducibility/index.ts';
import { keyText, signer, stranger } from './fixtures.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'weir-consistency-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const logOf = (size: number, salt = ''): MerkleLog =>
  MerkleLog.of(Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`seal ${i}${salt}`))));

const LOG = logOf(70);

function checkpoint(size: number, log = LOG, by = signer) {
  return { size, note: signLogCheckpoint({ size, root: log.root(size) }, 1_700_000_000_000 + size, by) };
}

const proof = (from: number, to: number) => proveConsistency(LOG, checkpoint(from), checkpoint(to), keyText);

/** What the program says that shares no code with the writer. */
function alone(
  text: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly out: string } {
  const file = path.join(folder, 'proof.json');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.resolve('resources/verify/weir-verify.mjs'), file, ...args],
    { encoding: 'utf8' },
  );
  return { status, out: stdout + stderr };
}

describe('a consistency proof', () => {
  it('holds between any two checkpoints of a log', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 0, max: 69 }), (from, more) => {
        const to = Math.min(70, from + more);
        const verdict = verifyConsistencyProof(formatConsistencyProof(proof(from, to)));
        expect(verdict).toMatchObject({ valid: true, problems: [], subject: { fromSize: from, toSize: to } });
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [1, 70],
    [7, 8],
    [8, 64],
    [33, 70],
    [70, 70],
  ])('of %i and %i seals is accepted by the standalone verifier', (from, to) => {
    const { status, out } = alone(formatConsistencyProof(proof(from, to)), '--key', keyText);
    expect(out).toContain(`the log of ${from} seals is the beginning of that of ${to}`);
    expect(status).toBe(0);
  });

  it('fails for a log in which a seal was exchanged, here and in the standalone verifier', () => {
    const other = MerkleLog.of(
      Array.from({ length: 70 }, (_, i) => (i === 3 ? leafHash(Buffer.from('exchanged')) : LOG.leaf(i))),
    );
    const forked = formatConsistencyProof(
      proveConsistency(other, checkpoint(10), checkpoint(70, other), keyText),
    );
    const { valid, problems } = verifyConsistencyProof(forked);
    expect(valid).toBe(false);
    expect(problems).toMatchObject([
      { step: 'consistency', message: expect.stringMatching(/altered, removed/) },
    ]);
    expect(alone(forked)).toMatchObject({ status: 1, out: expect.stringMatching(/FAIL {2}consistency/) });
  });

  it('fails at the step whose part was altered, whichever byte it was', () => {
    const text = formatConsistencyProof(proof(33, 70));
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), (at) => {
        const bytes = Buffer.from(text);
        bytes[at] = (bytes[at] as number) ^ 1;
        expect(verifyConsistencyProof(bytes.toString('utf8')).valid).toBe(false);
      }),
      { numRuns: 200 },
    );
    for (const at of [20, text.indexOf('"key"') + 30, text.indexOf('"path"') + 20]) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] as number) ^ 1;
      expect(alone(bytes.toString('utf8')).status).toBe(1);
    }
  });

  it('fails for a key one does not trust, and for checkpoints by another key', () => {
    const text = formatConsistencyProof(proof(5, 9));
    expect(verifyConsistencyProof(text, [verifierKeyText(stranger)])).toMatchObject({
      valid: false,
      problems: [{ step: 'key' }],
    });
    const mixed = formatConsistencyProof(
      proveConsistency(LOG, checkpoint(5, LOG, stranger), checkpoint(9), keyText),
    );
    expect(verifyConsistencyProof(mixed)).toMatchObject({
      valid: false,
      problems: [{ step: 'older checkpoint' }],
    });
  });

  it('is refused in another form, with a part too many, in a version to come', () => {
    const good = proof(5, 9);
    for (const bad of [
      'no json',
      '[]\n',
      canonicalJson(good),
      `${canonicalJson({ ...good, more: 1 })}\n`,
      `${canonicalJson({ ...good, version: 2 })}\n`,
      `${canonicalJson({ ...good, path: [1] })}\n`,
    ])
      expect(() => parseConsistencyProof(bad), bad).toThrow();
    const turned = formatConsistencyProof({ ...good, from: good.to, to: good.from });
    expect(verifyConsistencyProof(turned)).toMatchObject({
      valid: false,
      problems: [{ step: 'consistency' }],
    });
    expect(alone(turned).status).toBe(1);
  });
});
