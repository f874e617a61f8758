import { describe, expect, it } from 'vitest';
import { checkConsistency, isConsistencyText } from '../../renderer/data/consistency-check.ts';

/** What the engine makes of it: the window's check shares no code with that. */
interface Maker {
  readonly proof: (from: number, to: number) => string;
  readonly forked: (size: number) => string;
}
// By a name the type checker does not follow: the engine's types need Node's.
const maker = '../support/log-proofs.ts';
const { proof, forked } = (await import(/* @vite-ignore */ maker)) as Maker;
const { subtle } = globalThis.crypto;

const failing = async (text: string): Promise<string | undefined> =>
  (await checkConsistency(text, subtle)).steps.find(({ outcome }) => outcome === 'fails')?.id;

describe('what lies between two checkpoints, computed in the window', () => {
  it.each([
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 7],
    [4, 8],
    [5, 8],
    [6, 13],
    [8, 13],
    [12, 13],
  ])('holds from %i to %i seals', async (from, to) => {
    const checked = await checkConsistency(proof(from, to), subtle);
    expect(checked.steps.map(({ outcome }) => outcome)).toEqual(Array(5).fill('holds'));
    expect(checked).toMatchObject({ holds: true, isFork: false });
    expect([checked.older?.size, checked.newer?.size]).toEqual([from, to]);
    expect(checked.newer?.signedAtMs).toBe(1_700_000_000_000 + to);
  });

  it('fails at the form for one altered byte anywhere outside the parts, and for what is no proof', async () => {
    expect(await failing(proof(3, 7).replace('"version":1', '"version":2'))).toBe('form');
    expect(await failing(`${proof(3, 7)} `)).toBe('form');
    expect(await failing('{}')).toBe('form');
    expect(await failing('no JSON')).toBe('form');
  });

  it('fails where a hash of the way, a checkpoint or the key was exchanged', async () => {
    const change = (key: string, value: unknown): string => {
      const whole = JSON.parse(proof(3, 7)) as Record<string, unknown>;
      return `${JSON.stringify({ ...whole, [key]: value })}\n`;
    };
    const { path, from } = JSON.parse(proof(3, 7)) as { path: string[]; from: string };
    expect(await failing(change('path', [...path.slice(1), path[0]]))).toBe('consistency');
    expect(await failing(change('path', path.slice(1)))).toBe('consistency');
    expect(await failing(change('path', [...path, path[0]]))).toBe('consistency');
    expect(await failing(change('from', from.replace('\n3\n', '\n2\n')))).toBe('older');
    expect(await failing(change('to', from))).toBe('consistency');
    expect(await failing(change('key', 'none'))).toBe('key');
    expect(
      await failing(
        change('key', String(JSON.parse(proof(3, 7)).key).replace(/\+[0-9a-f]{8}\+/, '+00000000+')),
      ),
    ).toBe('key');
  });

  it('raises an alarm for two checkpoints of one size, two roots and one key', async () => {
    const checked = await checkConsistency(forked(5), subtle);
    expect(checked).toMatchObject({ holds: false, isFork: true });
    expect(checked.steps.at(-1)).toMatchObject({ outcome: 'fails', reason: 'fork' });
  });

  it('does not call unchecked signatures good', async () => {
    const without = Object.assign(Object.create(null) as SubtleCrypto, {
      digest: (name: string, bytes: BufferSource) => subtle.digest(name, bytes),
      importKey: () => Promise.reject(new DOMException('unknown algorithm', 'NotSupportedError')),
    });
    const checked = await checkConsistency(proof(3, 7), without);
    expect(checked.holds).toBe(false);
    expect(checked.steps[2]).toMatchObject({ outcome: 'unchecked', reason: 'noEd25519' });
  });

  it('knows such a proof by its type', () => {
    expect(isConsistencyText(proof(1, 2))).toBe(true);
    expect(isConsistencyText('{"type":"weir-proof"}')).toBe(false);
  });
});
