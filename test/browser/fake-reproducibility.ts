/** What a made-up session answers about its records, and comparisons of two of them. The proofs are real. */
import type {
  ComparisonGraph,
  SessionComparison,
  SessionReproducibility,
  Verification,
} from '../../engine/api/contract.ts';
import {
  ALL_RMODES,
  parseProof,
  parseSessionSeal,
  parseVerifierKey,
  sha256Hex,
} from '../../engine/reproducibility/index.ts';
import { proofText } from '../support/proofs.ts';

/** Leaves of the trees that proofs are made of; more would only take longer. */
const LEAVES = 100;
const RECORDED = ['RERUN', 'REPEAT', 'RECOMPUTE', 'REPRODUCE'];

/** The proof of one drop of a session. */
export function fakeProof(sessionId: string, uid: string, row: number): string {
  return proofText({ drops: LEAVES, leafIndex: row % LEAVES, sessionId, uid });
}

export function fakeReproducibility(
  sessionId: string,
  drops: number,
  isOver: boolean,
): SessionReproducibility {
  const { seal, key } = parseProof(fakeProof(sessionId, 'x', 0));
  const { name, keyId } = parseVerifierKey(key);
  const parsed = parseSessionSeal(seal);
  return {
    rmode: 'ALL',
    modes: ALL_RMODES.map((mode) => ({
      mode,
      signature: isOver && RECORDED.includes(mode) ? sha256Hex(`${sessionId} ${mode}`) : null,
      canonical: isOver ? sha256Hex(`own ${sessionId} ${mode}`) : null,
    })),
    records: { drops, recorded: isOver ? drops : 41, withContent: Math.floor(drops / 2), reused: 0 },
    seal: isOver
      ? {
          note: seal,
          sealedAt: parsed.sealedAtMs,
          root: Buffer.from(parsed.root).toString('base64'),
          signedBy: name,
          keyId,
          key,
          logIndex: 1,
        }
      : null,
    unsealedReason: isOver ? null : 'The session is RUNNING: it is sealed when it is over.',
    importedSeal: null,
    witnesses: [],
  };
}

/** Holds, unless `altered` names a drop. */
export function fakeVerification(drops: number, altered: string | undefined): Verification {
  const problems =
    altered === undefined
      ? []
      : [
          {
            where: `drop ${altered}`,
            message: 'Its record is not the one that was sealed: a byte of it was altered.',
            uid: altered,
          },
        ];
  return { valid: altered === undefined, checked: drops + 4, problems, verifiedAt: 1_764_000_000_000 };
}

/** Two runs that did the same steps with another parameter in one of them, which changed what came out. */
export function fakeComparison(): SessionComparison {
  const differing = [
    {
      a: '-4_4',
      b: '-4_4',
      name: 'Calibrate',
      isFirst: true,
      fields: [
        { class: 'outcome', name: 'content', a: sha256Hex('a'), b: sha256Hex('b') },
        { class: 'parameter', name: 'solint', a: 30, b: 60 },
      ],
    },
    {
      a: null,
      b: '-9_0',
      name: 'Flag <b>again</b>',
      isFirst: true,
      fields: [{ class: 'structure', name: 'drop', b: 'Flag' }],
    },
  ];
  const rmodes: SessionComparison['rmodes'] = {};
  for (const mode of ALL_RMODES) {
    const isRecorded = RECORDED.includes(mode);
    const isSame = mode === 'RERUN';
    const signature = {
      verdict: !isRecorded ? ('not recorded' as const) : isSame ? ('match' as const) : ('differs' as const),
      same: isRecorded ? isSame : null,
      a: isRecorded ? 'aa' : null,
      b: isRecorded ? (isSame ? 'aa' : 'bb') : null,
    };
    const isListed = isRecorded && !isSame;
    rmodes[mode] = {
      ...signature,
      canonical: { ...signature },
      differing: isListed ? differing : [],
      affected: isListed ? 3 : 0,
      excused: 0,
    };
  }
  return { rmodes, alignment: { byId: 99, byLogicalId: 0, byStructure: 0, removed: [], added: ['-9_0'] } };
}

/** The drawing to {@link fakeComparison}: a cause, what it leads to, and a drop that only B has. */
export function fakeComparisonGraph(): ComparisonGraph {
  const node = (name: string, layer: number, marks: Partial<ComparisonGraph['nodes'][number]['marks']>) => ({
    id: name,
    name,
    kind: 'app' as const,
    dropclass: 'dlg.apps.simple.CopyApp',
    count: 1,
    layer,
    marks: { same: 0, cause: 0, affected: 0, onlyA: 0, onlyB: 0, ...marks },
    a: marks.onlyB ? null : '-4_4',
    b: '-4_4',
  });
  return {
    folded: true,
    isRecorded: true,
    totalDrops: 4,
    nodes: [
      node('Load', 0, { same: 1 }),
      node('Calibrate', 1, { cause: 1 }),
      node('Image', 2, { affected: 1 }),
      node('Flag <b>again</b>', 1, { onlyB: 1 }),
    ],
    edges: [
      [0, 1, 3],
      [1, 2, 3],
      [0, 3, 2],
    ],
    truncated: false,
  };
}
