/**
 * What a drop contributes when it ends (spec/reproducibility.md 9.1 to 9.4), as pure functions of facts that the drop
 * hands over. The drop calls {@link commitRuntimeData} once, fires the result as its `reproducibility` event, and the
 * session files it with {@link storeRuntimeData}.
 */

import { type DROPStates, WeirError } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { commonHash, dictionaryRoot } from './merkle.ts';
import { ALL_RMODES, type HashedRMode, rmodeName, type RModeName } from './modes.ts';
import { type PyJson, type PyObject, setKey } from './python-json.ts';
import { pythonRepr, reprBytes } from './python-repr.ts';

/** SHA3-256 of nothing: what content hashing gives for data never written. */
export const EMPTY_DATA_HASH = commonHash('');

/** The facts of an ended drop that enter its run-time data. */
export interface RuntimeFacts {
  /** Status of the drop at the time of commit; applications too have a drop status. */
  readonly status: DROPStates;
  /** What RECOMPUTE records instead of the status; absent for classes without own recompute data. */
  readonly recomputeData?: PyObject;
  /** What REPRODUCE records, e.g. `{data_hash}`; absent for applications and classes without content hashing. */
  readonly reproduceData?: PyObject;
}

export const generateRerunData = (facts: RuntimeFacts): PyObject => ({ status: facts.status });
export const generateRepeatData = generateRerunData;
export const generateRecomputeData = (facts: RuntimeFacts): PyObject =>
  facts.recomputeData ?? { status: facts.status };
export const generateReproduceData = (facts: RuntimeFacts): PyObject => facts.reproduceData ?? {};
export const generateReplicateSciData = (facts: RuntimeFacts): PyObject =>
  merged(generateRerunData(facts), generateReproduceData(facts));
export const generateReplicateCompData = (facts: RuntimeFacts): PyObject =>
  merged(generateRecomputeData(facts), generateReproduceData(facts));
export const generateReplicateTotalData = (facts: RuntimeFacts): PyObject =>
  merged(generateRepeatData(facts), generateReproduceData(facts));

function merged(base: PyObject, more: PyObject): PyObject {
  const out: PyObject = { ...base };
  for (const [key, value] of Object.entries(more)) setKey(out, key, value);
  return out;
}

const GENERATORS: Readonly<Record<HashedRMode, (facts: RuntimeFacts) => PyObject>> = {
  RERUN: generateRerunData,
  REPEAT: generateRepeatData,
  RECOMPUTE: generateRecomputeData,
  REPRODUCE: generateReproduceData,
  REPLICATE_SCI: generateReplicateSciData,
  REPLICATE_COMP: generateReplicateCompData,
  REPLICATE_TOTAL: generateReplicateTotalData,
};

/** The payload of a `reproducibility` event: one dictionary and root, or under ALL one of each per mode. */
export type RuntimeCommit =
  | { readonly data: PyObject; readonly merkleroot: string | null }
  | {
      readonly data: Readonly<Record<HashedRMode, PyObject>>;
      readonly merkleroot: Readonly<Record<HashedRMode, string | null>>;
    };

/** Root of a run-time dictionary: null when it is empty. */
export const generateMerkleData = dictionaryRoot;

/** Commits with a status only are the same for every drop; a session has thousands of them. */
const statusCommits = new Map<string, RuntimeCommit>();

/**
 * Collects and hashes the run-time data of a drop for its level. Throws NOT_IMPLEMENTED for EXPERIMENTAL, which upstream
 * accepts in translation and cannot run; refuse it before deployment ({@link assertRunnableMode}).
 */
export function commitRuntimeData(level: RModeName, facts: RuntimeFacts): RuntimeCommit {
  assertRunnableMode(level);
  if (facts.recomputeData !== undefined || facts.reproduceData !== undefined) return commit(level, facts);
  const key = `${level} ${facts.status}`;
  let known = statusCommits.get(key);
  if (known === undefined) {
    known = commit(level, facts);
    statusCommits.set(key, known);
  }
  return known;
}

function commit(level: RModeName, facts: RuntimeFacts): RuntimeCommit {
  if (level === 'NOTHING') return { data: {}, merkleroot: null };
  if (level !== 'ALL') {
    const data = GENERATORS[level as HashedRMode](facts);
    return { data, merkleroot: dictionaryRoot(data) };
  }
  const status = generateRerunData(facts);
  const recompute = generateRecomputeData(facts);
  const reproduce = generateReproduceData(facts);
  const statusAndData = merged(status, reproduce);
  const data: Record<HashedRMode, PyObject> = {
    RERUN: status,
    REPEAT: status,
    RECOMPUTE: recompute,
    REPRODUCE: reproduce,
    REPLICATE_SCI: statusAndData,
    REPLICATE_COMP: facts.recomputeData === undefined ? statusAndData : merged(recompute, reproduce),
    REPLICATE_TOTAL: statusAndData,
  };
  const roots = new Map<PyObject, string | null>();
  const merkleroot = {} as Record<HashedRMode, string | null>;
  for (const mode of ALL_RMODES) {
    if (!roots.has(data[mode])) roots.set(data[mode], dictionaryRoot(data[mode]));
    merkleroot[mode] = roots.get(data[mode]) ?? null;
  }
  return { data, merkleroot };
}

/** Throws NOT_IMPLEMENTED when drops of this mode cannot be run (spec 9.3). */
export function assertRunnableMode(level: RModeName): void {
  if (level === 'EXPERIMENTAL')
    throw new WeirError(
      'NOT_IMPLEMENTED',
      'The R-mode EXPERIMENTAL can be translated but not run: no run-time data is defined for it. Choose another mode.',
    );
}

/**
 * The level of a drop in a session: its own `reprodata.rmode` (missing: NOTHING). Throws REPRO_INVALID when that is no
 * mode number, as upstream does when it makes the drops (spec 9.1).
 */
export function runtimeLevel(dropSpec: object): RModeName {
  const spec = dropSpec as PyObject;
  const repro = spec['reprodata'] as PyObject | null | undefined;
  const value = repro?.['rmode'];
  if (value === undefined || value === null) return 'NOTHING';
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  const mode = /^[+-]?\d+$/.test(text) ? rmodeName(Number(text)) : undefined;
  if (mode === undefined)
    throw new WeirError(
      'REPRO_INVALID',
      `The rmode of drop ${JSON.stringify(spec['oid'])} should be a mode number such as "4", but is ${JSON.stringify(value)}.`,
      { details: { oid: spec['oid'] } },
    );
  return mode;
}

/** Payloads with their root inside, shared by all drops that were given the same commit. */
const filed = new WeakMap<object, PyObject>();

function withRoot(data: PyObject, merkleroot: string | null): PyObject {
  let entry = filed.get(data);
  if (entry === undefined || entry['merkleroot'] !== merkleroot) {
    entry = Object.freeze({ ...data, merkleroot });
    filed.set(data, entry);
  }
  return entry;
}

/**
 * Files the payload of a drop's `reproducibility` event in its specification: under ALL inside each mode dictionary,
 * in a single mode directly under `reprodata`, where upstream's run-time stage does not look for it (spec 9.4, 9.6).
 * A drop without `reprodata` is left as it is.
 */
export function storeRuntimeData(dropSpec: object, event: RuntimeCommit): void {
  const repro = (dropSpec as PyObject)['reprodata'] as PyObject | null | undefined;
  if (repro === undefined || repro === null) return;
  if (!Object.hasOwn(repro, 'rmode')) throw new ReproKeyError('rmode', 'The reprodata of a drop');
  if (repro['rmode'] !== '-1') {
    repro['rg_data'] = withRoot(event.data, event.merkleroot as string | null);
    return;
  }
  for (const mode of ALL_RMODES) {
    const dictionary = repro[mode] as PyObject | undefined;
    if (dictionary === undefined) throw new ReproKeyError(mode, 'The reprodata of a drop');
    const data = (event.data as Record<HashedRMode, PyObject>)[mode];
    dictionary['rg_data'] = withRoot(data, (event.merkleroot as Record<HashedRMode, string | null>)[mode]);
  }
}

// --- recompute and reproduce data of the classes that have some (spec 9.2) ----------------------------------------

/** FileDROP, JsonDROP, InMemoryDROP, PythonObjectDROP: the SHA3-256 of the stored bytes. */
export const contentReproduceData = (dataHash: string): PyObject => ({ data_hash: dataHash });

/** NgasDROP: the server's checksum, or file id and size when there is none. */
export function ngasReproduceData(facts: {
  readonly checksum?: string | null;
  readonly fileId: string | null;
  readonly sizeBytes: PyJson;
}): PyObject {
  return facts.checksum ? { data_hash: facts.checksum } : { fileid: facts.fileId, size: facts.sizeBytes };
}

/** RDBMSDrop: one tuple (sql, values, rows) per select; use PyTuple where Python had tuples. */
export const rdbmsReproduceData = (queryLog: readonly PyJson[]): PyObject => ({ query_log: queryLog });

/** BashShellApp and its streaming kin. `ran` is missing when the command never started. */
export function bashRecomputeData(
  command: string,
  ran?: { readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly exitCode: number },
): PyObject {
  if (ran === undefined) return { command };
  return {
    stdout: reprBytes(ran.stdout),
    stderr: reprBytes(ran.stderr),
    status: String(ran.exitCode),
    command,
  };
}

/** PyFuncApp and Branch: the keyword arguments, or their Python text form when they have no JSON form. Not run: `{}`. */
export const pyFuncRecomputeData = (args?: PyObject | string): PyObject =>
  args === undefined ? {} : { args };

/** DockerApp: what it was set up with. */
export const dockerRecomputeData = (image: PyJson, user: PyJson, command: PyJson): PyObject => ({
  image,
  user,
  command,
});

/** MPIApp: `{}`, or per rank exit code and outputs with the wrapper option. */
export function mpiRecomputeData(
  ranks: readonly (readonly [exitCode: number, out: string, err: string])[],
): PyObject {
  const data: PyObject = {};
  ranks.forEach((rank, index) => setKey(data, String(index), [...rank]));
  return data;
}

/** Python's text form of a value, for recompute data that upstream records as text. */
export const recomputeText = pythonRepr;
