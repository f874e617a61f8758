/** What a seal covers beside the records: hashes over everything that is stored of a session, section by section. */
import { hash } from 'node:crypto';
import type { Coverage } from '../reproducibility/index.ts';
import { SEALED_SECTIONS, type SealedSection, type SealedSectionHashes, type Store } from '../store/index.ts';

const HASH_BYTES = 32;
/** Blocks that are hashed at once: up to some megabytes, so that others are answered between. */
const BLOCKS_AT_ONCE = 64;
/** Up to this many drops a difference is told by drop; beyond, the check values would take too much room. */
const CHECKED_DROPS = 100_000;

/** Whether the hashes of a session of this size come with check values by drop. */
export const hasChecks = (drops: number): boolean => drops <= CHECKED_DROPS;

/** The hashes of one section as it is stored now. */
export async function sectionHashes(
  store: Pick<Store, 'sealedBlocks'>,
  key: number,
  section: SealedSection,
  wantsChecks: boolean,
): Promise<SealedSectionHashes> {
  const hashes: Uint8Array[] = [];
  const checks: number[] = [];
  for (let after: number | null = -1; after !== null;) {
    const page = await store.sealedBlocks(key, section, after, BLOCKS_AT_ONCE, wantsChecks);
    hashes.push(page.hashes);
    for (const check of page.checks) checks.push(check);
    after = page.last;
  }
  return { section, hashes: new Uint8Array(Buffer.concat(hashes)), checks: Uint32Array.from(checks) };
}

/** The hashes of all sections of a session of so many drops. */
export async function coveredSections(
  store: Pick<Store, 'sealedBlocks'>,
  key: number,
  drops: number,
): Promise<SealedSectionHashes[]> {
  const sections: SealedSectionHashes[] = [];
  for (const section of SEALED_SECTIONS)
    sections.push(await sectionHashes(store, key, section, hasChecks(drops)));
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
