/** The base of every drop (seed `dlg.drop.AbstractDROP`, spec/engine.md section 3). */
import type { AppDROPStates } from '../protocol/index.ts';
import {
  DROPPhases,
  DROPStates,
  ExecutionMode,
  DROPLinkType,
  InvalidDropException,
  InvalidRelationshipException,
  type Event,
  type EventHandler,
} from '../protocol/index.ts';
import { looseContext, type DropContext } from './context.ts';
import { autofill, environmentValue } from './environment.ts';
import { Flow, type FlowHost } from './flow.ts';
import { truncateUidToKey } from './names.ts';
import { RecordedDROP } from './drop-record.ts';
import { DropTable, Flags } from './table.ts';

/** Arguments of a drop's constructor, as the dropspec (and its applicationArgs) give them. spec/engine.md 3.2, 8.4. */
export type DropKwargs = Record<string, unknown>;

/** Where a session puts a drop it makes: passed inside the kwargs so that every subclass hands it on. */
export const PLACE = Symbol('place of the drop');
export interface Place {
  readonly flow: Flow;
  readonly row: number;
  readonly context: DropContext;
  /**
   * Given for a drop whose dropspec has no parameters: its arguments are read when somebody asks for them. A graph of a
   * million such drops then costs no million parsed dropspecs.
   */
  readonly later?: () => DropKwargs;
}

/** Keyword arguments the base class uses up; all others stay in `parameters`. */
const BASE_KWARGS = new Set([
  'log_level', 'humanReadableKey', 'categoryType', 'dlg_session_id', 'name', 'lg_key', 'targetPhase', 'executionMode',
  'node', 'island', 'expireAfterUse', 'lifespan', 'persist', 'block_skip', 'ports',
]); // prettier-ignore

/** A port of a drop: direction, the drop at the other end, its name (dropspec key `ports`). */
export interface PortEntry {
  readonly direction: 'input' | 'output';
  readonly oid: string;
  readonly name: string;
}

export abstract class AbstractDROP extends RecordedDROP implements EventHandler {
  override readonly oid: string;
  override readonly uid: string;
  readonly persist: boolean;
  readonly expireAfterUse: boolean;
  /** Milliseconds since 1970 when the drop expires; -1 never. */
  readonly expirationDate: number;
  phase: DROPPhases = DROPPhases.PLASMA;

  #flow: Flow;
  #row: number;
  #context: DropContext;
  #parent: AbstractDROP | undefined;
  #kwargs: DropKwargs | undefined;
  readonly #later: (() => DropKwargs) | undefined;
  #parameters: Record<string, unknown> | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super();
    const place = (kwargs as { [PLACE]?: Place })[PLACE];
    this.oid = String(oid);
    this.uid = String(uid);
    this.#context = place?.context ?? looseContext;
    this.#flow = place?.flow ?? new Flow(new DropTable(), looseHost(this));
    this.#row = place?.row ?? this.#flow.table.addRow(0);
    this.#flow.table.instances[this.#row] = this;

    this.#later = place?.later;
    if (!this.#later) this.#kwargs = kwargs;
    this.persist = truthy(kwargs['persist'] ?? this.defaultPersist());
    const [expires, date] = this.#expiry(kwargs);
    this.expireAfterUse = expires;
    this.expirationDate = date;

    const table = this.#flow.table;
    if (truthy(kwargs['block_skip'])) table.setFlag(this.#row, Flags.BLOCK_SKIP);
    if (Number(kwargs['executionMode'] ?? 0) === ExecutionMode.EXTERNAL)
      table.setFlag(this.#row, Flags.EXTERNAL);

    if (!this.#later) this.autofillEnvironmentVariables();
    this.initialize(kwargs);
  }

  /** Whether the dropspec of this drop says nothing that changes how it behaves. */
  protected get isPlain(): boolean {
    return this.#later !== undefined;
  }

  /**
   * @internal Whether another object made for this row would be the same: nothing was asked of this one, nobody listens. A
   * session forgets such objects once they are over, or a million of them would live as long as it does.
   */
  get _isSpare(): boolean {
    return false;
  }

  /** Whether nothing was asked of this drop and nobody listens to it. */
  protected get isUntouched(): boolean {
    return this.isPlain && !this.#kwargs && !this.#parent && !this.hasRepro && !this.hasAnyListener;
  }

  #args(): DropKwargs {
    return (this.#kwargs ??= this.#later?.() ?? {});
  }

  get name(): string {
    return text(this.#args()['name']) ?? this.oid;
  }

  /** The component's category type, e.g. `Data`. */
  get type(): string | null {
    return text(this.#args()['categoryType']) ?? null;
  }

  get lgKey(): string {
    return text(this.#args()['lg_key']) ?? '';
  }

  get humanKey(): string {
    return text(this.#args()['humanReadableKey']) ?? truncateUidToKey(this.uid);
  }

  get logLevel(): string {
    return text(this.#args()['log_level']) ?? 'NOTSET';
  }

  get node(): string | null {
    return text(this.#args()['node']) ?? null;
  }

  get dataIsland(): string | null {
    return text(this.#args()['island']) ?? null;
  }

  get targetPhase(): DROPPhases {
    return (this.#args()['targetPhase'] as DROPPhases | undefined) ?? DROPPhases.GAS;
  }

  get ports(): readonly PortEntry[] {
    const { ports } = this.#args();
    return Array.isArray(ports) ? (ports as PortEntry[]) : [];
  }

  /** Every constructor argument the base class did not use up, verbatim, with environment values filled in. */
  override get parameters(): Record<string, unknown> {
    if (!this.#parameters) {
      this.#parameters = {};
      for (const [key, value] of Object.entries(this.#args()))
        if (!BASE_KWARGS.has(key)) this.#parameters[key] = value;
    }
    return this.#parameters;
  }

  /** What `persist` is when the dropspec does not say (spec/engine.md 4.4). */
  protected defaultPersist(): boolean {
    return false;
  }

  /** What `expireAfterUse` is when the dropspec gives neither it nor a lifespan. */
  protected defaultExpireAfterUse(): boolean {
    return false;
  }

  /**
   * Set-up of a subclass, with all constructor arguments (seed `initialize`). It runs before the subclass's own fields are
   * initialised, as JavaScript has it: classes with fields do their set-up in their constructor after `super(...)`.
   */
  protected initialize(_kwargs: DropKwargs): void {}

  #expiry(kwargs: DropKwargs): [boolean, number] {
    const given = kwargs['expireAfterUse'];
    const lifespan = kwargs['lifespan'];
    if (given !== undefined && lifespan !== undefined)
      throw new InvalidDropException(
        `Drop ${this.uid}: lifespan and expireAfterUse exclude each other, but both are given; remove one of them.`,
        { details: { uid: this.uid } },
      );
    const seconds = lifespan === undefined || lifespan === null || lifespan === '' ? -1 : Number(lifespan);
    if (Number.isNaN(seconds))
      throw new InvalidDropException(
        `Drop ${this.uid}: lifespan must be a number of seconds, but is ${JSON.stringify(lifespan)}.`,
        { details: { uid: this.uid } },
      );
    const use = given !== undefined ? truthy(given) : lifespan === undefined && this.defaultExpireAfterUse();
    return [use && !this.persist, seconds !== -1 ? this.#context.now() + seconds * 1000 : -1];
  }

  // --- place -----------------------------------------------------------------------------------------------------

  /** The session, directory and services around this drop. */
  get context(): DropContext {
    return this.#context;
  }

  override get dlgSessionId(): string {
    return this.#context.sessionId;
  }

  /** @internal */
  get _flow(): Flow {
    return this.#flow;
  }

  /** @internal */
  get _row(): number {
    return this.#row;
  }

  /** @internal The table of this drop was merged into another. */
  _moveTo(table: DropTable, row: number): void {
    this.#row = row;
    if (table.flow) this.#flow = table.flow;
  }

  /** Row of `other` in this drop's table; joins the tables of two drops made by hand. */
  #join(other: AbstractDROP): number {
    if (other._flow.table !== this.#flow.table) {
      const mine = this.#flow.table;
      const theirs = other._flow.table;
      if (theirs.size > mine.size || theirs.source) theirs.absorb(mine);
      else mine.absorb(theirs);
    }
    return other._row;
  }

  // --- state -----------------------------------------------------------------------------------------------------

  override get status(): DROPStates {
    return this.#flow.table.statusOf(this.#row);
  }

  get executionMode(): ExecutionMode {
    return this.#flow.table.hasFlag(this.#row, Flags.EXTERNAL) ? ExecutionMode.EXTERNAL : ExecutionMode.DROP;
  }

  get blockSkip(): boolean {
    return this.#flow.table.hasFlag(this.#row, Flags.BLOCK_SKIP);
  }

  /** Size in bytes, or null while unknown. */
  get size(): number | null {
    return null;
  }

  isCompleted(): boolean {
    return this.status === DROPStates.COMPLETED;
  }

  /** Moves the drop to COMPLETED. Throws InvalidDROPState from ERROR, EXPIRED and DELETED. */
  abstract setCompleted(): Promise<void>;
  /** Moves the drop to ERROR, unless it is CANCELLED or SKIPPED. */
  abstract setError(error?: unknown): Promise<void>;
  abstract cancel(): Promise<void>;
  abstract skip(): Promise<void>;

  // --- relations ---------------------------------------------------------------------------------------------------

  get consumers(): readonly AbstractDROP[] {
    const t = this.#flow.table;
    return t.relations.consumers.targets(this.#row).map((row) => t.drop(row));
  }

  get streamingConsumers(): readonly AbstractDROP[] {
    const t = this.#flow.table;
    return t.relations.streaming.targets(this.#row).map((row) => t.drop(row));
  }

  get producers(): readonly AbstractDROP[] {
    const t = this.#flow.table;
    return t.relations.outputs.sources(this.#row).map((row) => t.drop(row));
  }

  /** The container this drop lies in: set by hand, or by the relations of its graph. */
  get parent(): AbstractDROP | undefined {
    if (this.#parent) return this.#parent;
    const t = this.#flow.table;
    const [row] = t.relations.children.sources(this.#row);
    return row === undefined ? undefined : t.drop(row);
  }

  /** Children that the relations of the graph give this drop, and those `added` by hand. */
  protected childrenWith(added: readonly AbstractDROP[]): readonly AbstractDROP[] {
    const t = this.#flow.table;
    const related = t.relations.children.targets(this.#row).map((row) => t.drop(row));
    if (related.length === 0) return added;
    return [...related, ...added.filter((child) => !related.includes(child))];
  }

  set parent(parent: AbstractDROP | undefined | null) {
    if (!parent || parent === this.#parent) return;
    const before = this.#parent;
    if (before)
      this.context.log(
        'warn',
        this,
        `The parent of ${this.uid} changes from ${before.uid} to ${parent.uid}.`,
      );
    this.#parent = parent;
    const container = parent as Partial<{
      children: readonly AbstractDROP[];
      addChild(child: AbstractDROP): void;
    }>;
    try {
      if (container.addChild && !container.children?.includes(this)) container.addChild(this);
    } catch (error) {
      if (error instanceof InvalidRelationshipException) this.#parent = before;
      throw error;
    }
  }

  /** Adds an application that reads this drop once it is COMPLETED. `back` is kept for upstream's signature. */
  addConsumer(consumer: AbstractDROP, _back = true): void {
    this._link(DROPLinkType.CONSUMER, consumer);
  }

  /** Adds an application that receives what is written to this drop while it is written. */
  addStreamingConsumer(consumer: AbstractDROP, _back = true): void {
    this._link(DROPLinkType.STREAMING_CONSUMER, consumer);
  }

  /** Adds an application that writes this drop. */
  addProducer(producer: AbstractDROP, _back = true): void {
    producer._link(DROPLinkType.OUTPUT, this);
  }

  /** @internal Adds "other is a `type` of this" for CONSUMER, STREAMING_CONSUMER and OUTPUT; one that is there stays single. */
  _link(type: DROPLinkType, other: AbstractDROP): void {
    if (other === this)
      throw new InvalidRelationshipException(`Drop ${this.uid} cannot be linked to itself.`, {
        details: { uid: this.uid },
      });
    const to = this.#join(other);
    const { consumers, streaming, outputs } = this.#flow.table.relations;
    if (type === DROPLinkType.OUTPUT) {
      if (!outputs.has(this.#row, to)) outputs.add(this.#row, to);
      return;
    }
    const [wanted, otherKind] =
      type === DROPLinkType.CONSUMER ? [consumers, streaming] : [streaming, consumers];
    if (otherKind.has(this.#row, to))
      throw new InvalidRelationshipException(
        `${other.uid} is a ${type === DROPLinkType.CONSUMER ? 'streaming' : 'normal'} consumer of ${this.uid} already; a drop can be consumed by an application in one way only.`,
        { details: { lhs: other.uid, rel: type, rhs: this.uid } },
      );
    other._acceptInput(this, type);
    if (!wanted.has(this.#row, to)) wanted.add(this.#row, to);
  }

  /** @internal Refuses an input a class does not allow, by throwing InvalidRelationshipException. */
  _acceptInput(_input: AbstractDROP, _type: DROPLinkType): void {}

  /** Nodes of the consumers, then of the streaming consumers. */
  getConsumersNodes(): (string | null)[] {
    return [...this.consumers, ...this.streamingConsumers].map((drop) => drop.node);
  }

  /** Called by who builds the graph for each drop this one is interested in without being linked to it. */
  handleInterest(_drop: AbstractDROP): void {}

  /**
   * Checks at deployment that take time: importing a function, finding an image. A rejection is a load failure: the
   * session is FAILED before anything runs (spec/managers.md 1.2).
   */
  prepare?(): Promise<void>;

  // --- events ------------------------------------------------------------------------------------------------------

  handleEvent(event: Event): void {
    if (event.type === 'reproducibility') this.dropReproComplete(String(event['uid']), event['reprodata']);
  }

  /** A drop this one is linked to has made its reproducibility record. */
  dropReproComplete(_uid: string, _reprodata: unknown): void {}

  /** Fires an event with the attributes every drop event has (spec/engine.md 2.2). */
  protected override _fire(type: string, attributes: Readonly<Record<string, unknown>> = {}): void {
    if (!this.hasListeners(type)) return;
    this._fireEvent(type, {
      oid: this.oid,
      uid: this.uid,
      session_id: this.#context.sessionId,
      name: this.name,
      lg_key: this.lgKey,
      ...attributes,
    });
  }

  /** @internal Called by the flow. */
  _statusChanged(status: DROPStates): void {
    this._fire('status', { status });
  }

  /** @internal */
  _execChanged(execStatus: AppDROPStates): void {
    this._fire('execStatus', { execStatus });
  }

  /** @internal */
  _announced(status: DROPStates): void {
    this._fire('dropCompleted', { status });
  }

  /** @internal */
  _produced(status: DROPStates, execStatus: AppDROPStates): void {
    this._fire('producerFinished', { status, execStatus });
  }

  /** @internal A linked drop that is not counted by the flow reports: streaming inputs, proxies. */
  _inputAnnounced(_row: number, _state: DROPStates): void {}

  /** @internal All producers are done: complete, with whatever storage has to do first. */
  _completeByFlow(): void {
    this.setCompleted().catch((error: unknown) => this._fail(error));
  }

  /** @internal */
  _errorByFlow(): void {
    this.setError().catch((error: unknown) => this._fail(error));
  }

  /** @internal */
  override _recordFailed(error: unknown): void {
    this.#flow.host.failed?.(this.#row, error);
  }

  /** @internal Something of this drop itself went wrong: recorded, and the drop goes to ERROR. */
  _fail(error: unknown): void {
    this.#flow.host.failed?.(this.#row, error);
    this.#flow.error(this.#row);
  }

  // --- environment -------------------------------------------------------------------------------------------------

  /** Replaces `$STORE.var` and `$DLG_xxx` values of parameters by what they stand for (spec/engine.md 3.10). */
  autofillEnvironmentVariables(): void {
    autofill(this);
  }

  getEnvironmentVariable(key: string): unknown {
    return environmentValue(this, key);
  }

  getEnvironmentVariables(keys: readonly string[]): unknown[] {
    return keys.map((key) => this.getEnvironmentVariable(key));
  }
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Truth of a dropspec value: EAGLE writes booleans as text ("0", "False"), which upstream took for true (spec 13 #11). */
export function truthy(value: unknown): boolean {
  if (typeof value === 'string')
    return !['', '0', 'false', 'no', 'off', 'none', 'null'].includes(value.trim().toLowerCase());
  return Boolean(value);
}

/** Drops made by hand tell nobody but their listeners; a failure nobody can see is logged. */
function looseHost(drop: AbstractDROP): FlowHost {
  return { failed: (_row, error) => drop.context.log('error', drop, String(error)) };
}
