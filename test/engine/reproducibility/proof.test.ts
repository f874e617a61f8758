import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  formatProof,
  parseDropRecord,
  parseProof,
  type Proof,
  proveDrop,
  verifierKeyText,
  verifyProof,
} from '../../../engine/reproducibility/index.ts';
import { chain, keyText, sealedSession, stranger } from './fixtures.ts';

const VERIFIER = path.resolve('resources/verify/weir-verify.mjs');
const session = sealedSession(chain(11));
const proof = proveDrop({
  ...session,
  recordText: session.recordTexts[6] as string,
  leafIndex: 6,
  key: keyText,
});
const text = formatProof(proof);

describe('the proof of one drop', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'weir-proof-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What the standalone verifier says: exit status and output. */
  function standalone(contents: string | Buffer, ...more: string[]): { status: number; out: string } {
    const file = path.join(folder, 'proof.json');
    writeFileSync(file, contents);
    try {
      return {
        status: 0,
        out: execFileSync(process.execPath, [VERIFIER, file, ...more], { encoding: 'utf8', stdio: 'pipe' }),
      };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { status, out: stdout + stderr };
    }
  }

  it('holds, and says what it is about', () => {
    const verdict = verifyProof(text);
    expect(verdict.problems).toEqual([]);
    expect(verdict.valid).toBe(true);
    expect(verdict.checked).toBe(6);
    expect(verdict.subject).toMatchObject({ sessionId: 's 1/ü', oid: '1_n6_0', isTrustedKey: false });
    expect(verifyProof(parseProof(text), [keyText]).subject?.isTrustedKey).toBe(true);
    const { status, out } = standalone(text, '--key', keyText);
    expect(out).toMatch(/^VALID: 6 checks hold$/m);
    expect(status).toBe(0);
  });

  it('is small', () => {
    expect(text.length).toBeLessThan(8000);
  });

  it('fails whichever byte is altered, and a step is named', () => {
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i++) {
      const altered = Buffer.from(bytes);
      altered[i] = (altered[i] as number) ^ 1;
      const verdict = verifyProof(altered.toString('utf8'));
      expect(verdict.valid, `byte ${i}: ${altered.subarray(i - 20, i + 20).toString()}`).toBe(false);
      expect(verdict.problems[0]?.message).toBeTruthy();
    }
  });

  it('fails at the step whose part was altered, here and in the standalone verifier', () => {
    const change = (alter: (copy: { -readonly [K in keyof Proof]: Proof[K] }) => void): string => {
      const copy = structuredClone(proof) as { -readonly [K in keyof Proof]: Proof[K] };
      alter(copy);
      return formatProof(copy);
    };
    const cases: [string, string][] = [
      ['inclusion', change((p) => (p.record = { ...p.record, parameters: { sleep: 2 } }))],
      ['inclusion', change((p) => (p.leafIndex = 7))],
      ['inclusion', change((p) => (p.treeSize = 12))],
      ['inclusion', change((p) => (p.path = p.path.slice(1)))],
      ['inclusion', change((p) => (p.path = [p.path[1] as string, p.path[0] as string, ...p.path.slice(2)]))],
      ['seal', change((p) => (p.facts = { ...p.facts, status: 'FAILED' }))],
      ['seal', change((p) => (p.seal = p.seal.replace('11', '12')))],
      ['seal', change((p) => (p.key = verifierKeyText(stranger)))],
      ['key', change((p) => (p.key = p.key.replace('KIWI', 'LIME')))],
      ['log', change((p) => (p.log = { ...(p.log as NonNullable<Proof['log']>), leafIndex: 0 }))],
      ['record', change((p) => (p.record = { ...p.record, sessionId: 'other' }))],
      ['form', text.replace('{', '{ ')],
      ['form', `${text} `],
      ['form', text.slice(0, -20)],
      ['form', text.replace(/"version":1\}\n$/, '"version":2}\n')],
    ];
    for (const [step, altered] of cases) {
      const verdict = verifyProof(altered);
      expect(
        verdict.problems.map((problem) => problem.step),
        `${step}: ${JSON.stringify(verdict.problems)}`,
      ).toContain(step);
      const { status, out } = standalone(altered);
      expect(status, out).toBe(1);
      expect(out).toMatch(new RegExp(`^FAIL {2}${step}: `, 'm'));
    }
  });

  it('is refused when a key is asked for that did not sign it', () => {
    expect(verifyProof(text, [verifierKeyText(stranger)]).problems[0]?.step).toBe('key');
    expect(standalone(text, '--key', verifierKeyText(stranger)).status).toBe(1);
  });

  it('is not looked for in files that are something else', () => {
    expect(standalone('PNG').status).toBe(2);
    expect(standalone(text, '--key', 'nonsense').status).toBe(2);
    expect(standalone('{"type":"other"}\n').status).toBe(1);
    expect(verifyProof('[]').problems[0]?.message).toMatch(/no proof/);
    expect(verifyProof('null').problems[0]?.message).toMatch(/no proof/);
    expect(verifyProof('{"type":"weir-proof","version":1}\n').problems[0]?.message).toMatch(/lacks a part/);
    expect(verifyProof('{"type":"weir-proof","version":9}\n').problems[0]?.message).toMatch(/version 9/);
  });

  it('is not made of a record that is not in its canonical form', () => {
    const record = session.recordTexts[3] as string;
    expect(parseDropRecord(record, 'it').drop.oid).toBe('1_n3_0');
    expect(() => parseDropRecord(`${record} `, 'record 3')).toThrow(/record 3 is not in canonical form/);
    expect(() => parseDropRecord(record.replace('"version":1', '"version":2'), 'it')).toThrow(/version 2/);
    expect(() => parseDropRecord('{"type":"x"}', 'it')).toThrow(/no record/);
    expect(() => parseDropRecord('{', 'it')).toThrow(/no JSON/);
  });
});
