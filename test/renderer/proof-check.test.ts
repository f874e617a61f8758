import { beforeAll, describe, expect, it } from 'vitest';
import { checkProof, type CheckedProof } from '../../renderer/data/proof-check.ts';
import {
  ALTERABLE,
  alterProof,
  type Alterable,
  type ProofParts,
  readProof,
} from '../../renderer/data/proof-parts.ts';

// Named at run time: the engine's code is for Node, and these tests are checked as code of a page.
const maker: string = '../support/proofs.ts';
const { proofText } = (await import(/* @vite-ignore */ maker)) as {
  proofText: (wish: { drops: number; leafIndex: number; withLog?: boolean }) => string;
};

const { subtle } = globalThis.crypto;

function partsOf(text: string): ProofParts {
  const { parts } = readProof(text);
  if (parts === undefined) throw new Error('the proof of the test is none');
  return parts;
}

const failing = ({ steps }: CheckedProof): readonly string[] =>
  steps.filter(({ outcome }) => outcome === 'fails').map(({ id }) => id);

describe('a proof recomputed in the window', () => {
  let text = '';
  beforeAll(() => {
    text = proofText({ drops: 11, leafIndex: 6 });
  });

  it('holds at every step, and names who signed and when', async () => {
    const checked = await checkProof(partsOf(text), subtle);
    expect(failing(checked)).toEqual([]);
    expect(checked.holds).toBe(true);
    expect(checked.signedBy?.name).toBe('weir/KIWI-7Q2M');
    expect(checked.sealedAtMs).toBe(1_700_000_010_000);
    expect(checked.path).toHaveLength(4);
    expect(checked.steps.find(({ id }) => id === 'log')?.outcome).toBe('holds');
  });

  it.each(Array.from({ length: 11 }, (_, leafIndex) => leafIndex))(
    'leads to the same root from leaf %i of an uneven tree',
    async (leafIndex) => {
      const checked = await checkProof(partsOf(proofText({ drops: 11, leafIndex })), subtle);
      expect(failing(checked)).toEqual([]);
    },
  );

  it('holds for a session of one drop, which has no siblings', async () => {
    const checked = await checkProof(partsOf(proofText({ drops: 1, leafIndex: 0 })), subtle);
    expect(checked.holds).toBe(true);
    expect(checked.path).toEqual([]);
  });

  it('says that a seal is not yet in a log, and holds all the same', async () => {
    const checked = await checkProof(partsOf(proofText({ drops: 3, leafIndex: 1, withLog: false })), subtle);
    expect(checked.steps.find(({ id }) => id === 'log')?.outcome).toBe('absent');
    expect(checked.holds).toBe(true);
  });

  it.each<[Alterable, string]>([
    ['record', 'root'],
    ['sibling', 'root'],
    ['facts', 'facts'],
    ['checkpoint', 'root'],
    ['signature', 'signature'],
    ['key', 'signature'],
  ])('fails when one byte of the %s is altered, first at the step %s', async (target, step) => {
    const original = partsOf(text);
    const altered = alterProof(original, target);
    expect(altered?.alteration.before).not.toBe(altered?.alteration.after);
    const checked = await checkProof((altered as { parts: ProofParts }).parts, subtle);
    expect(failing(checked)[0]).toBe(step);
    expect(checked.holds).toBe(false);
  });

  it('fails at the signature too when the signed checkpoint was altered', async () => {
    const altered = alterProof(partsOf(text), 'checkpoint');
    const checked = await checkProof((altered as { parts: ProofParts }).parts, subtle);
    expect(failing(checked)).toContain('signature');
    expect(failing(checked)).toContain('log');
  });

  it('has something to alter in every part', () => {
    for (const target of ALTERABLE) expect(alterProof(partsOf(text), target), target).toBeDefined();
  });

  it('says that a signature was not checked where the browser has no Ed25519', async () => {
    const without = {
      digest: subtle.digest.bind(subtle),
      importKey: () => Promise.reject(new DOMException('unknown algorithm', 'NotSupportedError')),
    } as unknown as SubtleCrypto;
    const checked = await checkProof(partsOf(text), without);
    const step = checked.steps.find(({ id }) => id === 'signature');
    expect(step).toMatchObject({ outcome: 'unchecked', reason: 'noEd25519' });
    expect(checked.holds).toBe(false);
    expect(failing(checked)).toEqual([]);
  });

  it('fails when the path is too short or too long', async () => {
    const parts = partsOf(text);
    for (const path of [parts.path.slice(1), [...parts.path, parts.path[0] as string]]) {
      expect(failing(await checkProof({ ...parts, path }, subtle))).toContain('path');
    }
  });
});

describe('a proof file', () => {
  it('is refused when any byte of it keeps it from its canonical form', () => {
    const text = proofText({ drops: 3, leafIndex: 1 });
    expect(readProof(text).problem).toBeUndefined();
    expect(readProof(text.slice(0, -40)).problem).toBe('notJson');
    expect(readProof(`${text} `).problem).toBe('notCanonical');
    expect(readProof('[]').problem).toBe('notAProof');
    expect(
      readProof(text.replace('"type":"weir-proof","version":1', '"type":"weir-proof","version":2')).problem,
    ).toBe('version');
    expect(readProof('{"type":"weir-proof","version":1}').problem).toBe('incomplete');
  });
});
