/** The function of one drop: what is known of it before it runs, and its code, which is executed once for the drop. */
import { IncompleteDROPSpec } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import {
  KeptFunction,
  type CallSettings,
  type FunctionIdentity,
  type FunctionInfo,
  type FunctionSpec,
  type PythonPool,
} from '../python/index.ts';

/** Where the function is asked about. */
interface Asking {
  readonly pool: PythonPool;
  readonly settings: CallSettings;
}

export class DropFunction {
  readonly #app: AppDROP;
  readonly #spec: FunctionSpec;
  #identity: FunctionIdentity | undefined;
  #info: FunctionInfo | undefined;
  #kept: KeptFunction | undefined;

  /** Throws IncompleteDROPSpec where neither func_name nor func_code is given. */
  constructor(app: AppDROP, kwargs: DropKwargs) {
    const [name, code] = [kwargs['func_name'], kwargs['func_code']].map(textOf);
    if (name === undefined && code === undefined)
      throw new IncompleteDROPSpec(
        `${app.constructor.name} ${app.uid} names no function; give func_name, func_code or both.`,
        { details: { uid: app.uid } },
      );
    this.#app = app;
    this.#spec = { ...(name !== undefined && { name }), ...(code !== undefined && { code }) };
  }

  /** Its name, as the graph has it. */
  get name(): string {
    return this.#spec.name ?? this.#info?.name ?? '';
  }

  /** What the drop tells of it. */
  get facts(): Readonly<Record<string, unknown>> {
    const { sourceSha256, packages } = this.#identity ?? {};
    const { module = null, moduleVersion = null } = this.#info ?? {};
    return this.#identity ? { function: this.name, module, moduleVersion, sourceSha256, packages } : {};
  }

  /** What a call needs to know of it; undefined where it was not checked, or where only executing its code will tell. */
  knownIn(pool: PythonPool): FunctionInfo | undefined {
    if (this.#identity) this.#info ??= pool.knownFunction(this.#spec);
    return this.#info;
  }

  /** What tells it from all others; undefined where that cannot be told. */
  identityIn(pool: PythonPool): string | undefined {
    const info = this.knownIn(pool);
    return info?.sourceSha256 ? `${info.module ?? ''} ${info.qualifiedName} ${info.sourceSha256}` : undefined;
  }

  /** For a call. Further tries find what the first one made. */
  get spec(): FunctionSpec {
    if (this.#spec.code !== undefined && this.#app.nTries > 1) this.#kept ??= new KeptFunction();
    return this.#kept ? { ...this.#spec, kept: this.#kept } : this.#spec;
  }

  /** Throws where it is plain before anything of its code is executed that it cannot be had. */
  async check({ pool, settings }: Asking): Promise<void> {
    const { identity, info } = await pool.checkFunction(this.#spec, settings);
    this.#identity = identity;
    this.#info ??= info;
  }

  /** Describes it for a call; its code is executed for that where nothing else tells. */
  async load(asking: Asking): Promise<FunctionInfo> {
    if (!this.#identity) await this.check(asking);
    const { pool, settings } = asking;
    const known = this.knownIn(pool);
    if (known) return known;
    this.#kept ??= new KeptFunction();
    return (this.#info = await pool.loadFunction(this.spec, settings));
  }

  /** No call will come any more. */
  release(): void {
    this.#kept?.release();
    this.#kept = undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
