/** How far the record of a session can be trusted, in four words, each reached by itself (design/ux-and-trust.md 4). Pure. */
import type { SessionReproducibility, Verification } from '../../engine/api/contract.ts';
import { S } from '../strings.ts';

export interface TrustLevel {
  readonly id: 'recorded' | 'sealed' | 'witnessed' | 'verified';
  readonly state: 'reached' | 'missing' | 'broken';
  /** What was reached, or what is missing. */
  readonly sentence: string;
}

/** The four levels, in order. `verification` is the last one that this page has seen. */
export function trustOf(
  facts: SessionReproducibility,
  verification: Verification | undefined,
  isVerifying: boolean,
): readonly TrustLevel[] {
  return [recorded(facts), sealed(facts), witnessed(facts), verified(verification, isVerifying)];
}

function recorded({ records }: SessionReproducibility): TrustLevel {
  const texts = S.reproducibility.trust;
  const { recorded: count, drops } = records;
  const isReached = drops > 0 && count >= drops;
  const sentence = isReached
    ? texts.allRecorded(drops)
    : count === 0
      ? texts.noneRecorded
      : texts.someRecorded(count, drops);
  return { id: 'recorded', state: isReached ? 'reached' : 'missing', sentence };
}

function sealed({ seal, importedSeal, unsealedReason }: SessionReproducibility): TrustLevel {
  const texts = S.reproducibility.trust;
  if (importedSeal !== null) {
    const { sealedAt, signedBy, keyId } = importedSeal;
    const here = seal === null ? [] : [texts.sealedHereToo(seal.sealedAt, seal.signedBy, seal.keyId)];
    const sentence = [texts.sealedElsewhere(sealedAt, signedBy, keyId), ...here].join(' ');
    return { id: 'sealed', state: 'reached', sentence };
  }
  if (seal !== null) {
    const sentence = texts.sealedBy(seal.sealedAt, seal.signedBy, seal.keyId);
    return { id: 'sealed', state: 'reached', sentence };
  }
  const sentence = [texts.unsealed, unsealedReason ?? ''].join(' ').trim();
  return { id: 'sealed', state: 'missing', sentence };
}

function witnessed({ seal, importedSeal, witnesses }: SessionReproducibility): TrustLevel {
  const texts = S.reproducibility.trust;
  if (witnesses.length > 0) {
    const names = witnesses.map(({ name, keyId }) => `${name} (key ${keyId})`).join(', ');
    return { id: 'witnessed', state: 'reached', sentence: texts.witnessedBy(names) };
  }
  const isSealed = seal !== null || importedSeal !== null;
  return {
    id: 'witnessed',
    state: 'missing',
    sentence: isSealed ? texts.unwitnessed : texts.nothingToWitness,
  };
}

function verified(verification: Verification | undefined, isVerifying: boolean): TrustLevel {
  const texts = S.reproducibility.trust;
  if (verification === undefined) {
    return { id: 'verified', state: 'missing', sentence: isVerifying ? texts.verifying : texts.unverified };
  }
  const { valid, checked, problems, verifiedAt } = verification;
  return valid
    ? { id: 'verified', state: 'reached', sentence: texts.verifiedAt(checked, verifiedAt) }
    : { id: 'verified', state: 'broken', sentence: texts.broken(problems.length, checked) };
}
