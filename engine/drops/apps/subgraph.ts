/** Graphs inside graphs (seed `dlg.apps.subgraph`, spec/engine.md 6.11). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DaliugeException, InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import { ServiceKey } from '../context.ts';
import type { DropKwargs } from '../drop.ts';
import { intParam, readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { describeApp, MAX_VALUE_BYTES } from './python-values.ts';

/** A graph to translate and run as a session of its own. */
export interface SubGraphRequest {
  /** A logical graph or a physical one, as JSON values. */
  readonly graph: unknown;
  readonly sessionId: string;
  readonly partitionAlgorithm: string;
  /** Managers the graph names; a Host may run on its own instead. */
  readonly nodeManager: { readonly host: string; readonly port: number };
  readonly islandManager: { readonly host: string; readonly port: number };
  /** Session of the drop that asks. */
  readonly parentSessionId: string;
}

/** How far a sub-graph is. */
export interface SubGraphProgress {
  readonly drops: number;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}

export interface SubGraphResult extends SubGraphProgress {
  /** Whether the session ended FINISHED. */
  readonly isFinished: boolean;
  /** Names of drops in ERROR, a few of them. */
  readonly failedDrops: readonly string[];
}

/** Who runs sub-graphs: the Host, which has translator and sessions. */
export interface SubGraphRunner {
  /** Resolves when the session is over, however it ended; must end it when `signal` aborts. */
  run(
    request: SubGraphRequest,
    onProgress: (progress: SubGraphProgress) => void,
    signal: AbortSignal,
  ): Promise<SubGraphResult>;
}

/** The runner of one Host. Without one, sub-graphs fail and say so. */
export const subGraphRunner = new ServiceKey<SubGraphRunner>('runner of sub-graphs', () => ({
  run: () =>
    Promise.reject(
      new WeirError('NOT_IMPLEMENTED', 'This Host runs no sub-graphs: it was started without a translator.'),
    ),
}));

const PARAMS = {
  prefix: stringParam('session_prefix', 'subgraph', 'Beginning of the session id'),
  algorithm: stringParam('partition_algorithm', 'metis', 'Partitioning of the sub-graph'),
  nodePort: intParam('node_manager_port', 8080, 'Port of the node manager'),
  islandPort: intParam('island_manager_port', 8081, 'Port of the island manager'),
} as const;

/**
 * Translates and runs a sub-graph and is over when its session is. Cancelled and skipped drops end it too (upstream
 * waits for ever).
 */
export class SubGraphLocal extends BarrierAppDROP {
  readonly #params;
  #sessionId: string | undefined;
  #progress: SubGraphProgress | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(PARAMS, kwargs, this.uid);
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return { sessionId: this.#sessionId, ...this.#progress };
  }

  override async run(): Promise<void> {
    const graph = await this.#graph();
    this.#sessionId = `${this.#params.prefix}_${stamp(this.context.now())}`;
    this.context.log('info', this, `Runs its sub-graph as session ${this.#sessionId}.`);
    const result = await this.context.service(subGraphRunner).run(
      {
        graph,
        sessionId: this.#sessionId,
        partitionAlgorithm: this.#params.algorithm,
        nodeManager: { host: this.#host('node_manager'), port: this.#params.nodePort },
        islandManager: { host: this.#host('island_manager'), port: this.#params.islandPort },
        parentSessionId: this.dlgSessionId,
      },
      (progress) => (this.#progress = progress),
      this.signal,
    );
    this.#progress = result;
    if (!result.isFinished) throw this.#failure(result);
  }

  /** Palettes end these names in `_host`. */
  #host(name: string): string {
    const given = this.parameters[name] ?? this.parameters[`${name}_host`];
    return typeof given === 'string' && given !== '' ? given : 'localhost';
  }

  /** The parameter `subgraph` (a map, its JSON text, or the path of a file), else the content of the first input. */
  async #graph(): Promise<unknown> {
    const given = this.parameters['subgraph'];
    if (typeof given === 'object' && given !== null) return given;
    const text = await this.#text(given);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new InvalidDropException(`${describeApp(this)}: its sub-graph is no JSON: ${messageOf(cause)}`, {
        cause,
        details: { uid: this.uid },
      });
    }
  }

  async #text(given: unknown): Promise<string> {
    if (typeof given === 'string' && /^\s*[[{]/.test(given)) return given;
    if (typeof given === 'string' && given.trim() !== '') {
      const file = path.resolve(this.context.baseDir, given);
      try {
        return await readFile(file, 'utf8');
      } catch (cause) {
        throw new InvalidDropException(
          `${describeApp(this)}: its sub-graph cannot be read from ${file}: ${messageOf(cause)}`,
          { cause, details: { uid: this.uid, file } },
        );
      }
    }
    const [input] = this.inputs;
    if (input) return Buffer.from(await input.contents(MAX_VALUE_BYTES)).toString('utf8');
    throw new InvalidDropException(
      `${describeApp(this)} has no graph to run; give one in its parameter "subgraph" or as its input.`,
      { details: { uid: this.uid } },
    );
  }

  #failure(result: SubGraphResult): DaliugeException {
    const { failed, cancelled, failedDrops } = result;
    const which = failedDrops.length > 0 ? ` (${failedDrops.slice(0, 5).join(', ')})` : '';
    return new DaliugeException(
      'APP_FAILED',
      `The sub-graph of ${describeApp(this)}, session ${this.#sessionId}, did not finish: ${failed} drops failed${which}, ${cancelled} were cancelled. Open that session to see why.`,
      { details: { uid: this.uid, sessionId: this.#sessionId, failedDrops } },
    );
  }
}

/** YYYY-MM-DD_HH-MM-SS, local time. */
function stamp(now: number): string {
  const date = new Date(now);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}_${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join('-')}`;
}

registerDrop(SubGraphLocal, 'dlg.apps.subgraph.SubGraphLocal');
