/** Logs of a made-up device, and proofs between their checkpoints. */
import {
  formatConsistencyProof,
  MerkleLog,
  privateKeyFromSeed,
  proveConsistency,
  sealLeaf,
  signLogCheckpoint,
  verifierKeyText,
  type NoteSigner,
} from '../../engine/reproducibility/index.ts';

const signer: NoteSigner = {
  name: 'weir/KIWI-7Q2M',
  privateKey: privateKeyFromSeed(Buffer.alloc(32, 7)),
};

const logOf = (size: number, word = 'seal'): MerkleLog =>
  MerkleLog.of(Array.from({ length: size }, (_, i) => sealLeaf(`${word} ${i}\n`)));
const noteOf = (log: MerkleLog): string =>
  signLogCheckpoint({ size: log.size, root: log.root() }, 1_700_000_000_000 + log.size, signer);

/** The proof file that the log of `to` seals begins with that of `from`. */
export function proof(from: number, to: number): string {
  const [older, newer] = [logOf(from), logOf(to)];
  return formatConsistencyProof(
    proveConsistency(
      newer,
      { size: from, note: noteOf(older) },
      { size: to, note: noteOf(newer) },
      verifierKeyText(signer),
    ),
  );
}

/** Two checkpoints of one size with different contents, as if they were consistent. */
export function forked(size: number): string {
  const note = noteOf(logOf(size));
  const other = noteOf(logOf(size, 'other'));
  return formatConsistencyProof({
    type: 'weir-consistency-proof',
    version: 1,
    from: note,
    to: other,
    path: [],
    key: verifierKeyText(signer),
  });
}
