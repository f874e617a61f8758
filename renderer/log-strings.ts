/** Sentences about the log of a device, its checkpoints, and files that are looked at; part of strings.ts. */
import { formatBytes, formatDateTime, formatInteger } from './format.ts';
import { plural } from './plural.ts';

export const logStrings = {
  title: 'Checkpoints',
  text:
    'Every session that is sealed, and whatever is removed from the history, adds a line to the log of this device, and a signed ' +
    'checkpoint says how long the log was then. ' +
    'Between any two of them it can be shown that nothing was removed or altered.',
  timeline: 'Checkpoints of this device, newest first',
  count: (count: number) => plural(count, 'checkpoint', 'checkpoints'),
  retention: 'contents or a session were removed',
  empty: 'Nothing has been sealed here yet',
  emptyText: 'The first session that ends is sealed and makes the first checkpoint.',
  failed: 'The checkpoints cannot be shown',
  columns: {
    older: 'Older',
    newer: 'Newer',
    size: 'Seals',
    at: 'Signed',
    session: 'Last sealed',
    root: 'Root',
  },
  chooseOlder: (size: number) => `Older: checkpoint of ${plural(size, 'seal', 'seals')}`,
  chooseNewer: (size: number) => `Newer: checkpoint of ${plural(size, 'seal', 'seals')}`,
  more: 'Show older ones',
  check: 'Check what lies between',
  checking: 'Computing…',
  checkFailed: 'There is no proof between these checkpoints',
  kept: 'A checkpoint that you kept',
  keptHelp:
    'Paste a checkpoint of this device that was kept elsewhere: it is then shown whether the log still begins with it.',
  checkKept: 'Check against it',
  keptEmpty: 'Paste the text of a checkpoint first.',
  result: 'What lies between',
  copyNote: (size: number) => `Copy the checkpoint of ${plural(size, 'seal', 'seals')}`,
  save: 'Save proof…',
  holds: (added: number) =>
    added === 0
      ? 'Nothing removed, nothing altered, nothing added: it is the same log.'
      : `Nothing removed, nothing altered, ${formatInteger(added)} added.`,
  fails: 'This does not hold: the newer log does not go on from the older one.',
  partly: 'Some of it could not be computed in this window.',
  fork: 'The log was forked: two checkpoints of one length with different contents are signed by one key. Keep both texts, and trust neither log until it is clear how this came about.',
  by: (name: string, keyId: string) =>
    `Signed by ${name} (key ${keyId}). Computed in this window, not reported by the node.`,
  limits: 'This shows that nothing was changed since; it cannot show that what the node wrote down was true.',
  states: { older: 'Older checkpoint', newer: 'Newer checkpoint' },
  state: (size: number, at: number | undefined) =>
    `${plural(size, 'seal', 'seals')}${at === undefined ? '' : `, signed ${formatDateTime(at)}`}`,
  steps: {
    form: 'The file has its one canonical form.',
    key: 'The key has the id that stands with it.',
    older: 'The older checkpoint is signed by the key.',
    newer: 'The newer checkpoint is signed by the key.',
    consistency: 'The hashes lead from the older root to the newer one: the older log is its beginning.',
  },
  outcomes: { holds: 'holds', fails: 'fails', unchecked: 'not checked' },
  reasons: {
    form: 'It is no consistency proof, or a byte of it was altered.',
    keyMalformed: 'The key is malformed.',
    otherKeyId: 'The id of the key does not belong to the key.',
    checkpointMalformed: 'The checkpoint is malformed.',
    notSigned: 'The checkpoint is not signed by this key.',
    badSignature: 'The signature does not belong to this checkpoint.',
    noEd25519:
      'This browser cannot check Ed25519 signatures. Save the proof and use “weir verify FILE” for this step.',
    otherLog: 'It is a checkpoint of another log.',
    order: 'The older checkpoint has more seals than the newer one.',
    fork: 'Both have one length but different roots.',
    notBeginning: 'The hashes lead to other roots: something in the older part was removed or altered.',
  },
  whole: 'The whole log',
  wholeHelp: 'Reads every seal and every checkpoint of this device again.',
  verify: 'Verify the log',
  verifying: 'Reading the log…',
  verifyFailed: 'The log could not be verified',
  valid: (checked: number) => `${plural(checked, 'check', 'checks')} hold: the log is whole.`,
  invalid: (problems: number) => `${plural(problems, 'problem was', 'problems were')} found.`,
} as const;

export const fileStrings = {
  title: 'What is this file?',
  failed: 'The file cannot be looked at',
  again: 'Choose a file…',
  gone: 'No file is open here',
  goneText: 'Open a proof, a bundle, a reprodata.out or any file, to see what it is and which drop made it.',
  reading: 'Reading the file…',
  hashing: (done: number, total: number) =>
    `Computing its hash: ${formatBytes(done)} of ${formatBytes(total)}`,
  facts: { kind: 'Kind', size: 'Size', sha256: 'SHA-256' },
  kinds: {
    graph: 'Graph',
    proof: 'Proof of a drop',
    consistency: 'Proof between two checkpoints',
    bundle: 'Bundle of a session',
    reprodata: 'Reproducibility record of a session (reprodata.out)',
    data: 'Data',
  },
  offline: 'Everything on this page was found on this computer, with no network.',
  tooLarge: (name: string, sizeBytes: number, limitBytes: number) =>
    `“${name}” has ${formatBytes(sizeBytes)}; a browser can hand over at most ${formatBytes(limitBytes)}. ` +
    'Open it in the desktop window, or use “weir verify FILE”.',
  bundle: {
    verified: 'Verified: every file in it is the one that was signed',
    verifiedText: (checked: number) =>
      `${plural(checked, 'check', 'checks')} hold, computed on this computer.`,
    broken: 'This bundle does not hold',
    brokenText: 'It was altered, cut off, or is no bundle of Weir. It cannot be imported.',
    session: 'The session in it',
    fields: {
      sessionId: 'Session',
      graph: 'Graph',
      status: 'Status',
      drops: 'Drops',
      rmode: 'Reproducibility',
      created: 'Created',
      finished: 'Finished',
      sealed: 'Sealed',
      by: 'Signed by',
    },
    own: (name: string, keyId: string) => `${name} (key ${keyId}): this device`,
    other: (name: string, keyId: string) =>
      `${name} (key ${keyId}): another device. Compare the key with one that you know before you trust it.`,
    stored: 'This very run is in the history.',
    open: 'Open the session',
    import: 'Import into the history',
    imported: 'The session was imported',
    importFailed: 'The session was not imported',
    as: 'Import under another id',
  },
  reprodata: {
    signatures: 'Signatures in it',
    drops: 'Drops',
    broken: 'This record cannot be read',
    same: 'Sessions with the same signatures',
    none: 'No session of this history has one of these signatures.',
    modes: (modes: readonly string[]) => `same ${modes.join(', ')}`,
    noSignatures: 'It has no signatures.',
    limits:
      'A reprodata.out is not signed: equal signatures say that two runs did the same, not who ran them.',
  },
  proof: {
    session: (sessionId: string) => `The proof is of a drop of session ${sessionId}.`,
  },
  made: {
    title: 'What made this file',
    none: 'No drop of this history recorded a content like this one.',
    noneText: 'It was made elsewhere, altered since, or not recorded: only stored content has a hash.',
    by: (name: string) => `Made by ${name}`,
    trace: 'What it was made of',
    traceOf: (name: string) => `What ${name} was made of`,
    traceFailed: 'It cannot be traced back',
    truncated: 'Only the nearest are shown.',
    from: (names: string) => `from ${names}`,
    root: 'at the beginning of the graph',
    reused: (sessionId: string) => `taken over from ${sessionId}`,
    earlier: (sessionId: string) => `made by session ${sessionId}`,
  },
} as const;
