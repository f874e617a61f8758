/**
 * Results taken over from an earlier session of the same graph. Decided when an application would start, from what it
 * really gets: the same code, the same parameters, inputs with the recorded hashes, and outputs whose data is still
 * there and has the recorded hash. For every application there is a sentence why it was taken over or not.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { DataDROP } from '../drops/index.ts';
import { FileDROP, InMemoryDROP, type AppDROP } from '../drops/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import {
  APP_STATE_NAMES,
  AppDROPStates,
  DROP_STATE_NAMES,
  DROPStates,
  WeirError,
} from '../protocol/index.ts';
import {
  canonicalJson,
  commitRuntimeData,
  parametersOf,
  parsePythonJson,
  sha256Hex,
  type DropRecord,
  type PyObject,
  type RModeName,
} from '../reproducibility/index.ts';
import type { Store } from '../store/index.ts';
import { codeOf, coversRecompute } from './drop-commit.ts';
import { RECOMPUTE_FACT, type TakenRun } from './outcomes.ts';

/** A drop of the earlier session: its record, if that is what was sealed. */
export interface EarlierDrop {
  readonly row: number;
  readonly record: DropRecord;
}

export interface ReuseOptions {
  readonly store: Pick<Store, 'outcome'>;
  /** The earlier session. */
  readonly key: number;
  readonly sessionId: string;
  readonly rmode: RModeName;
  /** Versions of Weir: the one that ran the session, and this one. What is part of Weir is of its version. */
  readonly versions: { readonly then: string; readonly now: string };
  /** The drop of this oid in the earlier session, or in words why nothing can be taken over from it. */
  readonly earlier: (oid: string) => Promise<EarlierDrop | string>;
  /** RECOMPUTE data of a drop that is kept elsewhere than with its run, as for sessions that were imported. */
  readonly recompute?: (oid: string) => Promise<PyObject | undefined>;
}

export interface ReuseDecision {
  readonly isReused: boolean;
  readonly reason: string;
}

/** A decision with the drop it is about. */
export interface DropDecision extends ReuseDecision {
  readonly uid: string;
  readonly kind: 'app' | 'data';
  /** Whether it is an application that ran. */
  readonly hasRun: boolean;
}

/** The run of an application whose results were taken over. */
export interface Taken extends TakenRun {
  readonly sessionId: string;
  readonly record: DropRecord;
}

/** Where an output's bytes are: kept in the history, in a file, or nowhere because it has none. */
type Source = ({ readonly bytes: Uint8Array } | { readonly path: string }) & { readonly sha256: string };

/** What the decision found: the outputs with their sources, and what is known of the run. */
interface Found {
  readonly record: DropRecord;
  readonly sources: readonly (readonly [DataDROP, Source | undefined])[];
  readonly run: TakenRun;
}

export class Reuse {
  readonly #options: ReuseOptions;
  /** Of applications that would have started, by uid. */
  readonly decisions = new Map<string, ReuseDecision>();

  constructor(options: ReuseOptions) {
    this.#options = options;
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  /** Applications whose results were taken over. */
  get count(): number {
    return [...this.decisions.values()].filter(({ isReused }) => isReused).length;
  }

  /** Fills the outputs of an application that is about to start, if its old results hold. Undefined: it must run. */
  async take(app: AppDROP, spec: Readonly<Record<string, unknown>>): Promise<Taken | undefined> {
    const found = await this.#decide(app, spec);
    if (typeof found === 'string') {
      this.decisions.set(app.uid, { isReused: false, reason: found });
      return undefined;
    }
    this.decisions.set(app.uid, {
      isReused: true,
      reason: `Code, parameters and inputs are those of session ${this.sessionId}, and its results still verify.`,
    });
    for (const [output, source] of found.sources) await fill(output, source);
    for (const [output, source] of found.sources) expectFilled(output, source);
    return { sessionId: this.sessionId, record: found.record, ...found.run };
  }

  /** What can be taken over, or in words why nothing can. */
  async #decide(app: AppDROP, spec: Readonly<Record<string, unknown>>): Promise<Found | string> {
    const earlier = await this.#options.earlier(app.oid);
    if (typeof earlier === 'string') return earlier;
    const { record: old, row } = earlier;
    if (old.outcome.execStatus !== 'FINISHED' || old.outcome.status !== 'COMPLETED')
      return `It did not finish in the earlier session: it was ${old.outcome.execStatus ?? old.outcome.status}.`;
    if (app.streamingInputs.length > 0)
      return 'It reads a stream, whose content is not known before it runs.';
    if (canonicalJson(parametersOf(spec)) !== canonicalJson(old.parameters))
      return 'Its parameters are others.';
    const changed = (await this.#changedCode(app, old)) ?? (await changedInput(app, old));
    if (changed !== undefined) return changed;
    if (app.outputs.length === 0) return 'It has no outputs: what it did elsewhere cannot be taken over.';
    const sources: (readonly [DataDROP, Source | undefined])[] = [];
    for (const output of app.outputs) {
      const found = await this.#sourceOf(output);
      if (typeof found === 'string') return found;
      sources.push([output, found.source]);
    }
    const run = await this.#runOf(old, row);
    return typeof run === 'string' ? run : { record: old, sources, run };
  }

  async #changedCode(app: AppDROP, old: DropRecord): Promise<string | undefined> {
    await app.identify();
    const changed = changedCode(codeOf(app.facts), old.code);
    if (changed !== undefined) return changed;
    const { then, now } = this.#options.versions;
    if (Object.keys(old.code).length === 0 && then !== now)
      return `It is a part of Weir, which was version ${then} then and is ${now} now.`;
    return undefined;
  }

  /** What the earlier session kept of the run, with its RECOMPUTE data where a signature needs it. */
  async #runOf(old: DropRecord, row: number): Promise<TakenRun | string> {
    const { store, key, rmode } = this.#options;
    const facts = (await store.outcome(key, row))?.facts ?? null;
    if (!coversRecompute(rmode)) return { facts, recomputeData: undefined };
    const recomputeData = recomputeIn(facts) ?? (await this.#options.recompute?.(old.drop.oid));
    if (hasRoot(old, rmode, recomputeData)) return { facts, recomputeData };
    return 'What it recorded of its run for RECOMPUTE is not there any more: the signature would be another one.';
  }

  async #sourceOf(output: DataDROP): Promise<{ readonly source: Source | undefined } | string> {
    const isPlain = output instanceof FileDROP || output instanceof InMemoryDROP;
    if (!isPlain || output.producers.length > 1)
      return `Its output ${output.uid} cannot be filled from the history.`;
    const found = await this.#options.earlier(output.oid);
    if (typeof found === 'string') return `Its output ${output.uid}: ${found}`;
    if (found.record.outcome.status !== 'COMPLETED')
      return `Its output ${output.uid} was ${found.record.outcome.status}.`;
    const { content } = found.record;
    const sha256 = content?.sha256 ?? '';
    if (content === null)
      return output instanceof FileDROP
        ? `The content of its output ${output.uid} was not recorded.`
        : { source: undefined };
    const outcome = await this.#options.store.outcome(this.#options.key, found.row);
    if (outcome?.content && sha256Hex(outcome.content) === sha256)
      return { source: { bytes: outcome.content, sha256 } };
    if (outcome?.path && (await hashOfFile(outcome.path)) === sha256)
      return { source: { path: outcome.path, sha256 } };
    return `The data of its output ${output.uid} is gone, or is not what was recorded.`;
  }

  /**
   * For every drop of the session that is over, why it was taken over or not. `stateOf` gives the states by row (wire
   * numbers; `exec` of an application only).
   */
  explain(
    graph: PhysicalGraph,
    stateOf: (row: number) => { readonly status: number; readonly exec: number },
  ): DropDecision[] {
    const decisions: DropDecision[] = [];
    for (let row = 0; row < graph.count; row++) {
      const uid = graph.uid(row);
      const { status, exec } = stateOf(row);
      if (graph.isApp(row)) {
        const decision = this.decisions.get(uid);
        const hasRun = decision?.isReused === false;
        decisions.push({ uid, kind: 'app', hasRun, ...(decision ?? notStarted(exec)) });
      } else decisions.push({ uid, kind: 'data', hasRun: false, ...this.#dataDecision(graph, row, status) });
    }
    return decisions;
  }

  #dataDecision(graph: PhysicalGraph, row: number, status: number): ReuseDecision {
    if (status !== DROPStates.COMPLETED && status !== DROPStates.EXPIRED && status !== DROPStates.DELETED)
      return { isReused: false, reason: `It has no content: it is ${DROP_STATE_NAMES[status] ?? status}.` };
    const producers = [...graph.outputs.sources(row)].map((producer) => graph.uid(producer));
    if (producers.length === 0)
      return { isReused: false, reason: 'It is an input of the graph: it is what it is now.' };
    const ran = producers.find((producer) => this.decisions.get(producer)?.isReused !== true);
    return ran === undefined
      ? {
          isReused: true,
          reason: `Its content is that of session ${this.sessionId}; its hash is the recorded one.`,
        }
      : { isReused: false, reason: `${ran}, which writes it, ran again.` };
  }
}

function notStarted(exec: number): ReuseDecision {
  return {
    isReused: false,
    reason:
      exec === AppDROPStates.NOT_RUN
        ? 'It did not start.'
        : `It neither ran nor was taken over: it is ${APP_STATE_NAMES[exec] ?? exec}.`,
  };
}

/** The RECOMPUTE data in the facts of a run; undefined where there is none that can be read. */
function recomputeIn(facts: string | null): PyObject | undefined {
  if (facts === null) return undefined;
  try {
    const text = (JSON.parse(facts) as Record<string, unknown>)[RECOMPUTE_FACT];
    return typeof text === 'string' ? (parsePythonJson(text) as PyObject) : undefined;
  } catch {
    // Damaged: then it does not lead to the recorded root either, and the application runs.
    return undefined;
  }
}

/** Whether this data leads to the RECOMPUTE root in the record. */
function hasRoot(old: DropRecord, rmode: RModeName, recomputeData: PyObject | undefined): boolean {
  const status = DROPStates.COMPLETED;
  const { merkleroot } = commitRuntimeData(rmode, { status, ...(recomputeData && { recomputeData }) });
  const mode = rmode === 'ALL' ? 'RECOMPUTE' : rmode;
  const root = merkleroot !== null && typeof merkleroot === 'object' ? merkleroot.RECOMPUTE : merkleroot;
  return (old.upstream as Readonly<Record<string, string | null>>)[mode] === root;
}

function changedCode(now: DropRecord['code'], old: DropRecord['code']): string | undefined {
  const names: Readonly<Record<string, string>> = {
    command: 'command',
    functionName: 'function',
    functionSha256: 'source',
    imageDigest: 'image',
    packages: 'packages',
  };
  for (const [key, name] of Object.entries(names)) {
    const [a, b] = [(now as Record<string, unknown>)[key], (old as Record<string, unknown>)[key]];
    if (b !== undefined && a === undefined) return `Its ${name} is not known before it runs.`;
    if (b === undefined && a !== undefined) return `Its ${name} was not recorded in the earlier session.`;
    if (b !== undefined && canonicalJson(a) !== canonicalJson(b)) return `Its ${name} is another one.`;
  }
  return undefined;
}

async function changedInput(app: AppDROP, old: DropRecord): Promise<string | undefined> {
  const before = new Map(old.inputs.map((input) => [input.oid, input.sha256]));
  const inputs = app.inputs;
  if (inputs.length !== before.size) return 'It has other inputs.';
  for (const input of inputs) {
    if (!before.has(input.oid)) return `Its input ${input.uid} is new.`;
    const now = await contentHash(input);
    if (now === undefined) return `The content of its input ${input.uid} cannot be compared.`;
    if (now !== before.get(input.oid)) return `Its input ${input.uid} has another content.`;
  }
  return undefined;
}

/** SHA-256 of what an input holds; null for memory that nobody wrote; undefined where it cannot be told. */
async function contentHash(input: DataDROP): Promise<string | null | undefined> {
  if (input.status !== DROPStates.COMPLETED) return undefined;
  if (input instanceof InMemoryDROP && input.contentHash === null && input.size === 0) return null;
  if (!(input instanceof FileDROP || input instanceof InMemoryDROP)) return undefined;
  return input.computeContentHash();
}

/** SHA-256 of a file; undefined where it cannot be read. */
async function hashOfFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    // A pipe that lies there now would keep its reader waiting.
    if (!(await stat(path)).isFile()) return undefined;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    // Gone or not readable: then it is no source.
    return undefined;
  }
  return hash.digest('hex');
}

/** A file may have changed between the look at it and the copy. Throws DROP_CHECKSUM. */
function expectFilled(output: DataDROP, source: Source | undefined): void {
  if (source === undefined || output.contentHash === null || output.contentHash === source.sha256) return;
  throw new WeirError(
    'DROP_CHECKSUM',
    `The data taken over for ${output.uid} changed while it was copied; run the session again.`,
    { details: { uid: output.uid } },
  );
}

async function fill(output: DataDROP, source: Source | undefined): Promise<void> {
  if (source === undefined) return;
  if ('bytes' in source) {
    await output.writeOrThrow(source.bytes);
    return;
  }
  // The file of the earlier session may be this drop's own: it is what it should be already.
  if ((output as { path?: unknown }).path === source.path) return;
  for await (const chunk of createReadStream(source.path, {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>)
    await output.writeOrThrow(chunk);
}
