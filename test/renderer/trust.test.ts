import { describe, expect, it } from 'vitest';
import type { SessionReproducibility, Verification } from '../../engine/api/contract.ts';
import { trustOf } from '../../renderer/data/trust.ts';

const FACTS: SessionReproducibility = {
  rmode: 'ALL',
  modes: [],
  records: { drops: 12, recorded: 12, withContent: 3, reused: 0 },
  seal: {
    note: '',
    sealedAt: 0,
    root: '',
    signedBy: 'weir/KIWI',
    keyId: '1a2b3c4d',
    key: '',
    logIndex: 0,
  },
  unsealedReason: null,
  importedSeal: null,
  witnesses: [],
};
const GOOD: Verification = { valid: true, checked: 16, problems: [], verifiedAt: 0 };

const statesOf = (...input: Parameters<typeof trustOf>): Record<string, string> =>
  Object.fromEntries(trustOf(...input).map(({ id, state }) => [id, state]));

describe('how far a record can be trusted', () => {
  it('is said in four words that are reached separately', () => {
    expect(statesOf(FACTS, undefined, false)).toEqual({
      recorded: 'reached',
      sealed: 'reached',
      witnessed: 'missing',
      verified: 'missing',
    });
    const unsealed = { ...FACTS, seal: null, unsealedReason: 'It is not over.' };
    expect(statesOf(unsealed, GOOD, false)).toMatchObject({ sealed: 'missing', verified: 'reached' });
  });

  it('says what is missing', () => {
    const half = { ...FACTS, seal: null, unsealedReason: 'It is not over.' };
    const levels = trustOf({ ...half, records: { ...FACTS.records, recorded: 5 } }, undefined, false);
    expect(levels[0]?.sentence).toBe('5 of 12 drops have a record; 7 have none.');
    expect(levels[1]?.sentence).toContain('It is not over.');
  });

  it('is broken, not missing, where a verification found something', () => {
    const problems = [{ where: 'seal', message: 'altered', uid: null }];
    const levels = trustOf(FACTS, { ...GOOD, valid: false, problems }, false);
    expect(levels[3]).toMatchObject({ state: 'broken', sentence: '1 problem was found in 16 checks.' });
  });

  it('never calls a session without drops recorded', () => {
    const empty = { ...FACTS, records: { drops: 0, recorded: 0, withContent: 0, reused: 0 } };
    expect(statesOf(empty, undefined, false)).toMatchObject({ recorded: 'missing' });
  });

  it('names the witnesses', () => {
    const witnesses = [{ name: 'weir/MOA', keyId: '00ff00ff', at: null, checkpoint: '' }];
    expect(trustOf({ ...FACTS, witnesses }, undefined, false)[2]).toMatchObject({
      state: 'reached',
      sentence: 'weir/MOA (key 00ff00ff) holds a copy of the checkpoint.',
    });
  });

  it('says of an imported session whose checkpoint it stands under, and never that there is none', () => {
    const importedSeal = { note: '', sealedAt: 0, signedBy: 'weir/MOA', keyId: '00ff00ff', key: '' };
    const imported = { ...FACTS, seal: null, importedSeal, unsealedReason: 'It was imported.' };
    const [, sealed] = trustOf(imported, undefined, false);
    expect(sealed?.state).toBe('reached');
    expect(sealed?.sentence).toMatch(/imported.*weir\/MOA \(key 00ff00ff\), the device it ran on/);
    expect(sealed?.sentence).not.toContain('no signed checkpoint');
    const [, both] = trustOf({ ...FACTS, importedSeal }, undefined, false);
    expect(both?.sentence).toMatch(/weir\/MOA.*This device sealed what it took over/);
  });

  it('does not ask for witnesses of a checkpoint that is not there', () => {
    const [, , witnessed] = trustOf({ ...FACTS, seal: null }, undefined, false);
    expect(witnessed?.sentence).toBe('There is no checkpoint that another node could sign or hold.');
    expect(trustOf(FACTS, undefined, false)[2]?.sentence).toContain('knows of no other node');
  });
});
