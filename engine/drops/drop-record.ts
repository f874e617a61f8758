/** What a drop records of itself for reproducibility (spec/engine.md 3.11, spec/reproducibility.md 9). */
import { EventFirer, WeirError, type DROPStates, type Event, type EventHandler } from '../protocol/index.ts';
import {
  assertRunnableMode,
  dictionaryRoot,
  ReproducibilityFlags,
  rmodeName,
  runtimeLevel,
  type HashedRMode,
  type RModeName,
} from '../reproducibility/index.ts';

/** The part of AbstractDROP that makes, hashes and announces its run-time data. */
export abstract class RecordedDROP extends EventFirer {
  abstract readonly oid: string;
  abstract readonly uid: string;
  #repro: { readonly level: RModeName; readonly isSet?: boolean; record?: ReproRecord } | undefined;

  abstract get status(): DROPStates;
  abstract get parameters(): Record<string, unknown>;
  abstract get dlgSessionId(): string;
  protected abstract _fire(type: string, attributes?: Readonly<Record<string, unknown>>): void;
  /** Neighbours whose class wants to hear of this drop's record. */
  protected abstract recordHearers(): readonly EventHandler[];
  /** @internal An event of this drop as one neighbour is handed it. */
  abstract _eventFor(type: string, attributes: Readonly<Record<string, unknown>>): Event;
  /** @internal Making the record went wrong. */
  abstract _recordFailed(error: unknown): void;

  /** Whether its level was asked for or set. */
  protected get hasRepro(): boolean {
    return this.#repro !== undefined;
  }

  generateRerunData(): Record<string, unknown> {
    return { status: this.status };
  }

  generateRepeatData(): Record<string, unknown> {
    return { status: this.status };
  }

  generateRecomputeData(): Record<string, unknown> {
    return { status: this.status };
  }

  generateReproduceData(): Record<string, unknown> {
    return {};
  }

  generateReplicateSciData(): Record<string, unknown> {
    return { ...this.generateRerunData(), ...this.generateReproduceData() };
  }

  generateReplicateCompData(): Record<string, unknown> {
    return { ...this.generateRecomputeData(), ...this.generateReproduceData() };
  }

  generateReplicateTotalData(): Record<string, unknown> {
    return { ...this.generateRepeatData(), ...this.generateReproduceData() };
  }

  /** What REPRODUCE records; drops with content read it here. */
  protected async reproduceData(): Promise<Record<string, unknown>> {
    return this.generateReproduceData();
  }

  /**
   * How much the drop records when it is over, as upstream's number. In a session what its own `reprodata.rmode` says,
   * else NOTHING until it is set. Throws REPRO_INVALID for what is no mode.
   */
  get reproducibilityLevel(): ReproducibilityFlags {
    return ReproducibilityFlags[this.#levelName()];
  }

  set reproducibilityLevel(level: ReproducibilityFlags) {
    const name = rmodeName(level);
    if (name === undefined)
      throw new WeirError(
        'REPRO_INVALID',
        `${String(level)} is no reproducibility mode of drop ${this.uid}.`,
        {
          details: { uid: this.uid },
        },
      );
    this.#repro = { level: name, isSet: true };
  }

  #levelName(): RModeName {
    const { reprodata } = this.parameters;
    const isInSession = this.dlgSessionId !== '' && typeof reprodata === 'object' && reprodata !== null;
    this.#repro ??= { level: isInSession ? runtimeLevel({ oid: this.oid, reprodata }) : 'NOTHING' };
    return this.#repro.level;
  }

  /** Root of the run-time data; one per mode under ALL; null before `commit` and for empty data. */
  get merkleroot(): string | null | Readonly<Record<HashedRMode, string | null>> {
    return this.#repro?.record?.merkleroot ?? null;
  }

  /** The run-time data for the drop's level; under ALL one dictionary per mode. */
  async generateMerkleData(): Promise<Readonly<Record<string, unknown>>> {
    const level = this.#levelName();
    assertRunnableMode(level);
    if (level === 'NOTHING') return {};
    const reproduce = ['RERUN', 'REPEAT', 'RECOMPUTE'].includes(level) ? {} : await this.reproduceData();
    const all: Readonly<Record<HashedRMode, () => Record<string, unknown>>> = {
      RERUN: () => this.generateRerunData(),
      REPEAT: () => this.generateRepeatData(),
      RECOMPUTE: () => this.generateRecomputeData(),
      REPRODUCE: () => reproduce,
      REPLICATE_SCI: () => ({ ...this.generateRerunData(), ...reproduce }),
      REPLICATE_COMP: () => ({ ...this.generateRecomputeData(), ...reproduce }),
      REPLICATE_TOTAL: () => ({ ...this.generateRepeatData(), ...reproduce }),
    };
    if (level !== 'ALL') return all[level as HashedRMode]();
    return Object.fromEntries(Object.entries(all).map(([mode, make]) => [mode, make()]));
  }

  /** Collects and hashes the run-time data, once; a new level makes the drop uncommitted again. */
  async commit(): Promise<void> {
    const level = this.#levelName();
    const repro = this.#repro as { level: RModeName; record?: ReproRecord };
    if (repro.record) return;
    const data = await this.generateMerkleData();
    const merkleroot =
      level === 'ALL'
        ? (Object.fromEntries(
            Object.entries(data).map(([mode, one]) => [mode, dictionaryRoot(one as object)]),
          ) as Record<HashedRMode, string | null>)
        : dictionaryRoot(data);
    repro.record = { data, merkleroot };
  }

  /**
   * The drop is over: its run-time data is committed, and `reproducibility` fires with it as `reprodata`. Called by the
   * flow, once a drop has succeeded or failed. Costs nothing where nobody has set a level or listens: sessions make the
   * records of their drops themselves.
   */
  completedrop(): void {
    const hearers = this.recordHearers();
    const isHeard = hearers.length > 0 || this.hasListeners('reproducibility');
    if (!isHeard && this.#repro?.isSet !== true) return;
    this.commit().then(
      () => {
        const { data = {}, merkleroot = null } = this.#repro?.record ?? {};
        const attributes = { reprodata: { data, merkleroot } };
        for (const hearer of hearers) hearer.handleEvent(this._eventFor('reproducibility', attributes));
        this._fire('reproducibility', attributes);
      },
      (error: unknown) => this._recordFailed(error),
    );
  }
}

interface ReproRecord {
  readonly data: Readonly<Record<string, unknown>>;
  readonly merkleroot: string | null | Readonly<Record<HashedRMode, string | null>>;
}
