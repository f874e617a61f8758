/** Signatures of graphs that have gone through the stages: what `weir sign` prints. */

import { WeirError } from '../protocol/index.ts';
import { type HashedRMode, modesOf, rflagCaster, type RModeName } from './modes.ts';
import type { PyObject } from './python-json.ts';
import {
  initLgReproData,
  initLgtReproData,
  initPgReproData,
  initPgtPartitionReproData,
  initPgtUnrollReproData,
  splitReproData,
} from './stages.ts';

/** The document that `weir sign --json` prints. */
export interface SignResult {
  readonly rmode: RModeName;
  readonly signature?: string | null;
  readonly signatures?: Readonly<Partial<Record<HashedRMode, string | null>>>;
}

/** The signatures that a graph-level `reprodata` holds. */
export function signaturesOf(reprodata: object): SignResult {
  const repro = reprodata as PyObject;
  const rmode = rflagCaster(repro['rmode']);
  const signatureOf = (mode: RModeName): string | null => {
    const part = repro[mode] as PyObject | undefined;
    if (part === undefined || !Object.hasOwn(part, 'signature'))
      throw new WeirError(
        'REPRO_INVALID',
        `The graph has no signature for ${mode}; it has not gone through any signing stage.`,
      );
    return part['signature'] as string | null;
  };
  if (rmode !== 'ALL') return { rmode, signature: signatureOf(rmode) };
  const signatures = Object.fromEntries(modesOf(rmode).map((mode) => [mode, signatureOf(mode)]));
  return { rmode, signatures };
}

/** Signs a logical graph: the stages lgt and lg. The graph is filled in place. */
export function signLogicalGraph(graph: object, rmode: unknown): SignResult {
  initLgReproData(initLgtReproData(graph, rmode));
  return signaturesOf((graph as PyObject)['reprodata'] as PyObject);
}

/** The stages a physical list can be signed at: just unrolled, partitioned (`#n` in node and island), or mapped. */
export type PhysicalSignStage = 'pgt_unroll' | 'pgt' | 'pg';

/**
 * Runs one stage over a physical list, in place, and returns its signatures. The list ends in the graph's `reprodata`
 * and carries the data of the stages before. Throws REPRO_INVALID when it has no reproducibility data.
 */
export function signPhysicalGraph(graph: object[], stage: PhysicalSignStage): SignResult {
  const { repro } = splitReproData(graph);
  if (repro === undefined || !Object.hasOwn(repro, 'rmode'))
    throw new WeirError(
      'REPRO_INVALID',
      'The graph carries no reproducibility data as its last element; start from the logical graph, or fill it with an R-mode.',
    );
  if (stage === 'pgt_unroll') initPgtUnrollReproData(graph);
  else if (stage === 'pgt') initPgtPartitionReproData(graph);
  else initPgReproData(graph);
  return signaturesOf(repro);
}
