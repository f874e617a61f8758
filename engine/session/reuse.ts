/**
 * Results taken over from an earlier session of the same graph. Decided when an application would start, from what it
 * really gets: the same code, the same parameters, inputs with the recorded hashes, and outputs whose data is still
 * there and has the recorded hash. For every application there is a sentence why it was taken over or not.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { DataDROP } from '../drops/index.ts';
import { FileDROP, InMemoryDROP, type AppDROP } from '../drops/index.ts';
import { DROPStates } from '../protocol/index.ts';
import { canonicalJson, parametersOf, sha256Hex, type DropRecord } from '../reproducibility/index.ts';
import type { Store } from '../store/index.ts';
import { codeOf } from './drop-commit.ts';

export interface ReuseOptions {
  readonly store: Pick<Store, 'outcome'>;
  /** The earlier session. */
  readonly key: number;
  readonly sessionId: string;
  readonly records: ReadonlyMap<string, { readonly row: number; readonly record: DropRecord }>;
}

export interface ReuseDecision {
  readonly isReused: boolean;
  readonly reason: string;
}

/** Where an output's bytes are: kept in the history, in a file, or nowhere because it has none. */
type Source = { readonly bytes: Uint8Array } | { readonly path: string } | undefined;

const no = (reason: string): ReuseDecision => ({ isReused: false, reason });

export class Reuse {
  readonly #options: ReuseOptions;
  /** By uid. */
  readonly decisions = new Map<string, ReuseDecision>();

  constructor(options: ReuseOptions) {
    this.#options = options;
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  /** The record of the earlier session's drop. */
  recordOf(oid: string): DropRecord | undefined {
    return this.#options.records.get(oid)?.record;
  }

  get count(): number {
    return [...this.decisions.values()].filter(({ isReused }) => isReused).length;
  }

  /** Fills the outputs of an application that is about to start, if its old results hold. False: it must run. */
  async take(app: AppDROP, spec: Readonly<Record<string, unknown>>): Promise<boolean> {
    const sources: (readonly [DataDROP, Source])[] = [];
    const decision = await this.#decide(app, spec, sources);
    this.decisions.set(app.uid, decision);
    if (!decision.isReused) return false;
    for (const [output, source] of sources) await fill(output, source);
    return true;
  }

  async #decide(
    app: AppDROP,
    spec: Readonly<Record<string, unknown>>,
    sources: (readonly [DataDROP, Source])[],
  ): Promise<ReuseDecision> {
    const old = this.#options.records.get(app.oid)?.record;
    if (!old) return no('It has no record of its own in the earlier session.');
    if (old.outcome.execStatus !== 'FINISHED' || old.outcome.status !== 'COMPLETED')
      return no(
        `It did not finish in the earlier session: it was ${old.outcome.execStatus ?? old.outcome.status}.`,
      );
    if (app.streamingInputs.length > 0)
      return no('It reads a stream, whose content is not known before it runs.');
    if (canonicalJson(parametersOf(spec)) !== canonicalJson(old.parameters))
      return no('Its parameters are others.');
    const code = changedCode(codeOf(app.facts), old.code);
    if (code !== undefined) return no(code);
    const input = await this.#changedInput(app, old);
    if (input !== undefined) return no(input);
    if (app.outputs.length === 0) return no('It has no outputs: what it did elsewhere cannot be taken over.');
    for (const output of app.outputs) {
      const found = await this.#sourceOf(output);
      if (typeof found === 'string') return no(found);
      sources.push([output, found.source]);
    }
    return {
      isReused: true,
      reason: `Code, parameters and inputs are those of ${this.#options.sessionId}, and its results still verify.`,
    };
  }

  async #changedInput(app: AppDROP, old: DropRecord): Promise<string | undefined> {
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

  async #sourceOf(output: DataDROP): Promise<{ readonly source: Source } | string> {
    const found = this.#options.records.get(output.oid);
    const isPlain = output instanceof FileDROP || output instanceof InMemoryDROP;
    if (!isPlain || output.producers.length > 1)
      return `Its output ${output.uid} cannot be filled from the history.`;
    if (!found) return { source: undefined };
    if (found.record.outcome.status !== 'COMPLETED')
      return `Its output ${output.uid} was ${found.record.outcome.status}.`;
    const { content } = found.record;
    if (content === null)
      return output instanceof FileDROP
        ? `The content of its output ${output.uid} was not recorded.`
        : { source: undefined };
    const outcome = await this.#options.store.outcome(this.#options.key, found.row);
    if (outcome?.content && sha256Hex(outcome.content) === content.sha256)
      return { source: { bytes: outcome.content } };
    if (outcome?.path && (await hashOfFile(outcome.path)) === content.sha256)
      return { source: { path: outcome.path } };
    return `The data of its output ${output.uid} is gone, or is not what was recorded.`;
  }
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
    if (b !== undefined && canonicalJson(a) !== canonicalJson(b)) return `Its ${name} is another one.`;
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
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    // Gone or not readable: then it is no source.
    return undefined;
  }
  return hash.digest('hex');
}

async function fill(output: DataDROP, source: Source): Promise<void> {
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
