/** Sentences about records, seals, proofs and comparisons; part of strings.ts. */
import { compareStrings } from './compare-strings.ts';
import { formatDateTime, formatInteger } from './format.ts';
import { plural } from './plural.ts';

const drops = (count: number): string => plural(count, 'drop', 'drops');

export const reproducibilityStrings = {
  failed: 'What is recorded of this session cannot be shown',
  retryVerify: 'Verify again',
  trust: {
    title: 'How far this record can be trusted',
    list: 'Recorded, sealed, witnessed, verified',
    isReached: 'reached',
    isMissing: 'not reached',
    isBroken: 'failed',
    recorded: 'Recorded',
    sealed: 'Sealed',
    witnessed: 'Witnessed',
    verified: 'Verified just now',
    allRecorded: (count: number) => `Every one of ${drops(count)} has a record in the store of this node.`,
    someRecorded: (recorded: number, total: number) =>
      `${formatInteger(recorded)} of ${drops(total)} have a record; ${formatInteger(total - recorded)} have none.`,
    noneRecorded: 'No drop of this session has a record.',
    sealedBy: (at: number, name: string, keyId: string) =>
      `The records stand under a checkpoint signed on ${formatDateTime(at)} by ${name} (key ${keyId}).`,
    sealedElsewhere: (at: number, name: string, keyId: string) =>
      `The session was imported. Its records stand under the checkpoint that came with it, signed on ${formatDateTime(at)} ` +
      `by ${name} (key ${keyId}), the device it ran on.`,
    sealedHereToo: (at: number, name: string, keyId: string) =>
      `This device sealed what it took over on ${formatDateTime(at)} (${name}, key ${keyId}).`,
    unsealed: 'The records stand under no signed checkpoint, so a change to them would not be noticed.',
    witnessedBy: (names: string) => `${names} holds a copy of the checkpoint.`,
    unwitnessed:
      'This device knows of no other node that signed this checkpoint or holds it. Import the exported session on another node, and that node holds it, too.',
    nothingToWitness: 'There is no checkpoint that another node could sign or hold.',
    unverified: 'The stored bytes have not been read again since this page was opened.',
    verifying: 'Reading the stored bytes and computing every hash again…',
    verifiedAt: (checked: number, at: number) =>
      `${plural(checked, 'check', 'checks')} on the stored bytes hold, computed on ${formatDateTime(at)}.`,
    broken: (problems: number, checked: number) =>
      `${plural(problems, 'problem was', 'problems were')} found in ${plural(checked, 'check', 'checks')}.`,
    notAltered: (at: number, name: string) =>
      `Not altered since ${formatDateTime(at)}, according to ${name}.`,
    limits:
      'This shows that nothing was changed since; it cannot show that what the node wrote down was true.',
    verify: 'Verify now',
    verifyFailed: 'The session could not be verified',
    problems: 'What does not hold',
    moreProblems: (count: number) => `${formatInteger(count)} more`,
    announceHolds: 'Verified: everything holds',
    announceBroken: (count: number) => `Verified: ${plural(count, 'problem', 'problems')} found`,
  },
  signatures: {
    title: 'Signatures',
    ranAs: (rmode: string) => `Ran with R-mode ${rmode}`,
    mode: 'R-mode',
    daliuge: 'DALiuGE',
    own: 'Weir',
    notRecorded: 'not recorded',
    copyLabel: (mode: string, whose: string) => `Copy: ${mode}, ${whose}`,
    help:
      'DALiuGE’s signature is byte for byte what the original computes. Weir’s own covers more and is canonical. A mode ' +
      'that was not recorded says nothing: it never counts as a match.',
  },
  records: {
    title: 'Records',
    recorded: 'Recorded drops',
    recordedOf: (recorded: number, total: number) => `${formatInteger(recorded)} of ${formatInteger(total)}`,
    withContent: 'With content hash',
    reused: 'Taken over from other sessions',
    root: 'Root over all records',
    place: 'Place in the log of this device',
    placeIs: (index: number) => `Seal ${formatInteger(index + 1)}`,
    key: 'Key of the signer',
    seal: 'The seal as it was signed',
  },
  compareLink: 'Compare with another session…',

  prove: {
    title: 'A drop, its proof and its way back',
    proof: 'Proof that its record is sealed',
    search: 'Find a drop, by name or id',
    found: 'Drops that match',
    none: 'No drop matches.',
    choose:
      'Choose a drop. The proof that its record is part of the seal, and its way back to a root of the graph, are then computed here, step by step.',
    show: 'Show the proof',
    hide: 'Hide the proof',
    about: (name: string) => `Drop ${name}`,
    failed: 'There is no proof of this drop',
    noCrypto:
      'This page was loaded over plain http from another computer, where browsers compute no hashes. Open the window on the ' +
      'node itself, or check the proof file with “weir verify FILE”.',
    computing: 'Computing…',
    holds: 'Every step holds. Computed in this window, not reported by the node.',
    partly: 'What could be computed in this window holds; some of it could not be.',
    fails: (step: string) => `The proof does not hold. The first step that fails: ${step}.`,
    notAltered: (at: number, name: string, keyId: string) =>
      `The record was not altered since ${formatDateTime(at)}, according to ${name} (key ${keyId}).`,
    save: 'Save proof…',
    outcomes: { holds: 'holds', fails: 'fails', unchecked: 'not checked', absent: 'not there' },
    steps: {
      record: 'Record',
      leaf: 'Leaf hash',
      path: 'Siblings',
      root: 'Root',
      facts: 'Facts',
      signature: 'Signature',
      log: 'Log of the device',
    },
    explain: {
      record: 'The canonical record of the drop: the bytes that are hashed.',
      leaf: 'SHA-256 of a zero byte and the record.',
      path: (count: number) =>
        count === 0
          ? 'The session has one drop only: the leaf is the root.'
          : `${plural(count, 'sibling leads', 'siblings lead')} from the leaf to the root: SHA-256 of a one byte, left and right.`,
      root: 'The hash that the siblings lead to must be the one in the signed checkpoint.',
      facts: 'SHA-256 of the facts of the session must be the one in the signed checkpoint.',
      signature: 'The checkpoint must be signed (Ed25519) by the key whose id is in the signature.',
      log: 'The seal must be a leaf of the signed log of all seals of this device.',
    },
    bytes: (count: number) => plural(count, 'byte', 'bytes'),
    computed: 'Computed',
    keyId: 'Key id',
    expected: 'Should be',
    left: 'left',
    right: 'right',
    sibling: 'Sibling',
    running: 'Hash so far',
    side: 'Side',
    checkpoint: 'Checkpoint',
    key: 'Key',
    changed: 'changed by the altered byte',
    showRecord: 'Show the record',
    showSiblings: 'Show the siblings',
    showFacts: 'Show the facts',
    showCheckpoint: 'Show the checkpoint',
    showLog: 'Show the checkpoint of the log',
    alterTitle: 'What if a byte were altered?',
    alterIn: 'Alter one byte in',
    alter: 'Alter one byte',
    restore: 'Restore',
    targets: {
      record: 'the record',
      sibling: 'the first sibling',
      facts: 'the facts',
      checkpoint: 'the root in the checkpoint',
      signature: 'the signature',
      key: 'the key',
    },
    altered: (target: string, offset: number, before: string, after: string) =>
      `Byte ${formatInteger(offset + 1)} of ${target} is now “${after}” instead of “${before}”. Only this window’s copy was altered.`,
    reasons: {
      recordMalformed: 'The record is not JSON.',
      otherSession: 'The record belongs to another session than the facts.',
      pathMalformed: 'A sibling is not 32 bytes in base64.',
      pathLength: 'The number of siblings does not fit the place in the tree.',
      checkpointMalformed: 'The checkpoint is malformed.',
      otherSize: 'The checkpoint is over another number of records.',
      otherRoot: 'The record and its siblings lead to another root than the signed one.',
      factsMalformed: 'The facts are not JSON.',
      otherFacts: 'These are not the facts that were sealed.',
      otherOrigin: 'The seal is that of another session.',
      keyMalformed: 'The key is malformed.',
      otherKeyId: 'The id of the key does not belong to the key.',
      notSigned: 'The checkpoint is not signed by this key.',
      badSignature: 'The signature does not belong to this checkpoint.',
      noEd25519:
        'This browser cannot check Ed25519 signatures. Save the proof and use “weir verify FILE” for this step.',
      otherLog: 'The seal is not at its place in the log.',
      logSignature: 'The checkpoint of the log is not signed by this key.',
    },
    forms: {
      notJson: 'The proof is no JSON: it was altered or cut off.',
      notAProof: 'What the node sent is no proof of Weir.',
      version: 'The proof has a version that this window does not know.',
      incomplete: 'The proof lacks a part.',
      notCanonical: 'The proof is not in its canonical form: a byte of it was altered.',
    },
  },

  blocks: {
    title: 'Way back to the root',
    help:
      'DALiuGE’s block-DAG: the hash of a drop covers its own data and the hashes of the drops before it, so that no drop can be ' +
      'exchanged without changing all that follow. The signature of the session is made of the hashes of its last drops.',
    failed: 'There is no way of blocks to show',
    mode: 'R-mode',
    block: 'Block',
    holds: (count: number, root: string) =>
      count === 1
        ? `The block holds, and “${root}” is a root of the graph: nothing comes before it.`
        : `All ${formatInteger(count)} blocks from here to the root “${root}” hold. Computed in this window, not reported by the node.`,
    holdsSoFar: (count: number) =>
      `${count === 1 ? 'This block holds' : `These ${formatInteger(count)} blocks hold`} as far as they are shown; the root is further back.`,
    broken: (name: string) =>
      `The way does not hold. The first block that is not what it should be: that of “${name}”.`,
    computed: (parents: number) =>
      parents === 0
        ? 'Computed from its own data.'
        : `Computed from its own data and ${plural(parents, 'block', 'blocks')} before it.`,
    other: (computed: string) => `Its own data and the blocks before it give another hash: ${computed}`,
    notNamed: 'The drop after it names another block than this one.',
    notAllParents: (shown: number, total: number) =>
      `It has ${formatInteger(total)} drops before it, more than the ${formatInteger(shown)} that are shown: it is not computed here.`,
    root: 'A root of the graph: nothing comes before it.',
    unlinked: (mode: string) =>
      mode === 'RERUN'
        ? 'Under RERUN DALiuGE counts the links of the logical graph only: they are in the block of the logical graph.'
        : `Under ${mode} no block before it counts.`,
    holdsUnlinked: (count: number) =>
      count === 1
        ? 'The block holds; no other block goes into it under this R-mode.'
        : `All ${formatInteger(count)} blocks that count under this R-mode hold. Computed in this window, not reported by the node.`,
    parents: (count: number) => `${plural(count, 'drop comes', 'drops come')} before it; go on by`,
    leaves: (count: number) => `Show its leaves (${formatInteger(count)})`,
    leavesOf: (name: string) => `Leaves of ${name}`,
    noLeaves: 'No leaves.',
    rootHolds: 'These leaves give the root',
    rootOther:
      'These texts do not give the recorded root: something was altered, or DALiuGE hashed a form of them that JSON cannot hold. The root:',
    noRoot: 'none (hashed as “None”)',
    noData: 'no run-time data (hashed as nothing)',
    items: {
      rg_data: 'Root of its run',
      pg_blockhash: 'Block of the physical graph',
      pgt_blockhash: 'Block of the template',
      lg_blockhash: 'Block of the logical graph',
    } as Readonly<Record<string, string>>,
    stages: {
      rg: 'Run',
      pg: 'Physical graph',
      pgt: 'Physical graph template',
      lg: 'Logical graph',
      lgt: 'Logical graph template',
    } as Readonly<Record<string, string>>,
    more: 'Go on',
    shown: (count: string) => `${count} drops are shown.`,
  },

  compare: compareStrings,
} as const;
