/** What a seal covers beside the records: hashes over everything that is stored of a session, section by section. */
import { hash } from 'node:crypto';
import { CHECKS_FORM, HASH_BYTES, type Coverage, type SessionFacts } from '../reproducibility/index.ts';
import { SEALED_SECTIONS, type SealedSection, type SealedSectionHashes, type Store } from '../store/index.ts';

/** Blocks that are hashed at once: up to some megabytes, so that others are answered between. */
const BLOCKS_AT_ONCE = 64;
/** Up to this many drops there is a check value for each; beyond, those by field and place are all. */
const CHECKED_DROPS = 10_000;
/** ... where there are none by field and place. */
const CHECKED_DROPS_ALONE = 100_000;

/** The check values that come with the hashes of a session of this size. `form`: what its facts say of them. */
export function checksOf(drops: number, form: SessionFacts['checks']): WantedChecks {
  const byField = form === CHECKS_FORM;
  return { byDrop: drops <= (byField ? CHECKED_DROPS : CHECKED_DROPS_ALONE), byField };
}

type WantedChecks = Parameters<Store['sealedBlocks']>[4];

/** The hashes of one section as it is stored now. */
export async function sectionHashes(
  store: Pick<Store, 'sealedBlocks'>,
  key: number,
  section: SealedSection,
  wants: WantedChecks,
): Promise<SealedSectionHashes> {
  const hashes: Uint8Array[] = [];
  const checks: Uint32Array[] = [];
  for (let after: number | null = -1; after !== null;) {
    const page = await store.sealedBlocks(key, section, after, BLOCKS_AT_ONCE, wants);
    hashes.push(page.hashes);
    checks.push(page.checks);
    after = page.last;
  }
  const joined = new Uint32Array(checks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of checks) {
    joined.set(part, at);
    at += part.length;
  }
  return { section, hashes: new Uint8Array(Buffer.concat(hashes)), checks: joined };
}

/** The hashes of all sections of a session of so many drops. */
export async function coveredSections(
  store: Pick<Store, 'sealedBlocks'>,
  key: number,
  drops: number,
): Promise<SealedSectionHashes[]> {
  const sections: SealedSectionHashes[] = [];
  for (const section of SEALED_SECTIONS)
    sections.push(await sectionHashes(store, key, section, checksOf(drops, CHECKS_FORM)));
  return sections;
}

/** What the facts of a session say of these sections. */
export function coverageOf(sections: readonly SealedSectionHashes[]): Record<string, Coverage> {
  return Object.fromEntries(
    sections.map(({ section, hashes }) => [section, coverageOfHashes(hashes)] as const),
  );
}

export function coverageOfHashes(hashes: Uint8Array): Coverage {
  return { blocks: hashes.length / HASH_BYTES, sha256: hash('sha256', hashes, 'hex') };
}
