/** What a drop commits when it is over, for upstream's signatures and for its own record (spec/reproducibility.md 9.2). */
import { AbstractDROP, DataDROP, FileDROP, InMemoryDROP, type DropClass } from '../drops/index.ts';
import { DROPStates } from '../protocol/index.ts';
import {
  commitRuntimeData,
  stringifyPythonJson,
  type CodeIdentity,
  type CommitText,
  type DropOutcomeFacts,
  type PyObject,
  type RModeName,
  sha256Hex,
} from '../reproducibility/index.ts';

/** Whether upstream hashes the content of drops of this class: files, JSON files, memory. */
export function isHashedClass(dropClass: DropClass | undefined): boolean {
  if (dropClass === undefined) return false;
  const prototype: unknown = dropClass.prototype;
  return (
    prototype instanceof FileDROP ||
    prototype instanceof InMemoryDROP ||
    dropClass === (FileDROP as unknown) ||
    dropClass === (InMemoryDROP as unknown)
  );
}

/** Whether a drop has run-time data beyond its status: then it cannot be treated as one of many. */
export function hasOwnCommit(drop: AbstractDROP): boolean {
  return (
    drop instanceof DataDROP || drop.generateRecomputeData !== AbstractDROP.prototype.generateRecomputeData
  );
}

/** Whether this level covers what a drop records of its run for RECOMPUTE. */
export const coversRecompute = (level: RModeName): boolean =>
  level === 'RECOMPUTE' || level === 'REPLICATE_COMP' || level === 'ALL';

/** What a drop records of its run beside its status; undefined where it has nothing of its own, or nobody asks. */
export function recomputeDataOf(drop: AbstractDROP, level: RModeName): PyObject | undefined {
  const hasOwn = drop.generateRecomputeData !== AbstractDROP.prototype.generateRecomputeData;
  return hasOwn && coversRecompute(level) ? (drop.generateRecomputeData() as PyObject) : undefined;
}

/** Commits a drop at a level. `status` is what the drop was when it ended. */
export async function commitOf(
  drop: AbstractDROP,
  level: RModeName,
  status: DROPStates,
  recomputeData: PyObject | undefined,
): Promise<CommitText> {
  const wantsContent = level !== 'RERUN' && level !== 'REPEAT' && level !== 'RECOMPUTE';
  const commit = commitRuntimeData(level, {
    status,
    ...(recomputeData && { recomputeData }),
    ...(wantsContent &&
      drop instanceof DataDROP && { reproduceData: (await drop.computeReproduceData()) as PyObject }),
  });
  return { data: stringifyPythonJson(commit.data), merkleroot: commit.merkleroot };
}

/** Whether upstream would fail to hash this drop's content (spec 9.5). */
export function isUnreadable(drop: AbstractDROP, status: DROPStates): boolean {
  if (!(drop instanceof FileDROP || drop instanceof InMemoryDROP)) return false;
  return status !== DROPStates.COMPLETED || drop.buftype === 'str';
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The code that a drop ran, from the facts of its run. */
export function codeOf(facts: Readonly<Record<string, unknown>>): CodeIdentity {
  const command = text(facts['command']) ?? text(facts['commandLine']);
  const functionName = text(facts['function']) ?? text(facts['class']);
  const functionSha256 = text(facts['sourceSha256']);
  const imageDigest = text(facts['imageDigest']) ?? text(facts['imageId']) ?? text(facts['image']);
  const [module, version] = [text(facts['module']), text(facts['moduleVersion'])];
  const packages = facts['packages'];
  return {
    ...(command !== undefined && { command }),
    ...(functionName !== undefined && { functionName }),
    ...(functionSha256 !== undefined && { functionSha256 }),
    ...(imageDigest !== undefined && { imageDigest }),
    ...(typeof packages === 'object' && packages !== null
      ? { packages: packages as Record<string, string> }
      : module !== undefined && version !== undefined && { packages: { [module]: version } }),
  };
}

/** How the run ended, from the same facts. */
export function endOf(facts: Readonly<Record<string, unknown>>, error: string | undefined): DropOutcomeFacts {
  const [exitCode, stdout, stderr] = [facts['exitStatus'], facts['stdout'], facts['stderr']];
  return {
    ...(typeof exitCode === 'number' && { exitCode }),
    ...(error !== undefined && { errorMessage: error.toWellFormed() }),
    ...(typeof stdout === 'string' && { stdoutSha256: sha256Hex(stdout) }),
    ...(typeof stderr === 'string' && { stderrSha256: sha256Hex(stderr) }),
  };
}
