/** The base of every drop (seed `dlg.drop.AbstractDROP`, spec/engine.md section 3). */
import {
  DROPPhases,
  Event,
  ExecutionMode,
  InvalidDropException,
  messageOf,
  type AppDROPStates,
  type DROPStates,
  type EventHandler,
} from '../protocol/index.ts';
import { looseContext, type DropContext } from './context.ts';
import { autofill, environmentValue } from './environment.ts';
import { LinkedDROP, PLACE, type Place } from './linked-drop.ts';
import { truncateUidToKey } from './names.ts';
import { Flags } from './table.ts';

export { PLACE, type Place } from './linked-drop.ts';

/** Arguments of a drop's constructor, as the dropspec (and its applicationArgs) give them. spec/engine.md 3.2, 8.4. */
export type DropKwargs = Record<string, unknown>;

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

/**
 * @internal Who looks after a drop as part of the engine: told of what happens to it, before any listener, without an
 * event being built. Everybody else subscribes.
 */
export interface DropKeeper {
  statusChanged?(drop: AbstractDROP, status: DROPStates): void;
  execChanged?(drop: AbstractDROP): void;
  /** Data was opened for reading. */
  opened?(drop: AbstractDROP): void;
  /** Data could not be opened for reading: it may be gone. */
  notOpened?(drop: AbstractDROP): void;
}

export abstract class AbstractDROP extends LinkedDROP implements EventHandler {
  override readonly oid: string;
  override readonly uid: string;
  readonly persist: boolean;
  readonly expireAfterUse: boolean;
  /** Milliseconds since 1970 when the drop expires; -1 never. */
  readonly expirationDate: number;
  phase: DROPPhases = DROPPhases.PLASMA;

  /** @internal Nobody wants the data any more: reads and writes that wait for somebody outside reject. */
  _breakOff(): void {}

  /** @internal */
  _keeper: DropKeeper | undefined;
  readonly #context: DropContext;
  #kwargs: DropKwargs | undefined;
  readonly #later: (() => DropKwargs) | undefined;
  #parameters: Record<string, unknown> | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    const place = (kwargs as { [PLACE]?: Place })[PLACE];
    super(place);
    this.oid = String(oid);
    this.uid = String(uid);
    this.#context = place?.context ?? looseContext;

    this.#later = place?.later;
    if (!this.#later) this.#kwargs = kwargs;
    this.persist = truthy(kwargs['persist'] ?? this.defaultPersist());
    const [expires, date] = this.#expiry(kwargs);
    this.expireAfterUse = expires;
    this.expirationDate = date;

    const table = this._flow.table;
    if (truthy(kwargs['block_skip'])) table.setFlag(this._row, Flags.BLOCK_SKIP);
    if (Number(kwargs['executionMode'] ?? 0) === ExecutionMode.EXTERNAL)
      table.setFlag(this._row, Flags.EXTERNAL);

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
    return this.isPlain && !this.#kwargs && !this.hasOwnParent && !this.hasRepro && !this.hasAnyListener;
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
    const seconds = lifespanSeconds(lifespan);
    if (Number.isNaN(seconds))
      throw new InvalidDropException(
        `Drop ${this.uid}: lifespan must be a number of seconds, but is ${JSON.stringify(lifespan)}.`,
        { details: { uid: this.uid } },
      );
    const use = given !== undefined ? truthy(given) : seconds === -1 && this.defaultExpireAfterUse();
    return [use && !this.persist, seconds !== -1 ? this.#context.now() + seconds * 1000 : -1];
  }

  protected override asDrop(): this {
    return this;
  }

  /** The session, directory and services around this drop. */
  override get context(): DropContext {
    return this.#context;
  }

  override get dlgSessionId(): string {
    return this.#context.sessionId;
  }

  // --- state -----------------------------------------------------------------------------------------------------

  /** Size in bytes, or null while unknown. */
  get size(): number | null {
    return null;
  }

  /** Moves the drop to COMPLETED. Throws InvalidDROPState from ERROR, EXPIRED and DELETED. */
  abstract setCompleted(): Promise<void>;
  /** Moves the drop to ERROR, unless it is CANCELLED or SKIPPED. */
  abstract setError(error?: unknown): Promise<void>;
  abstract cancel(): Promise<void>;
  abstract skip(): Promise<void>;

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

  /** A drop this one consumes has made its reproducibility record: `{data, merkleroot}`. */
  dropReproComplete(_uid: string, _reprodata: unknown): void {}

  override _hearsRecords(): boolean {
    return this.dropReproComplete !== AbstractDROP.prototype.dropReproComplete;
  }

  /** Fires an event with the attributes every drop event has (spec/engine.md 2.2). */
  protected override _fire(type: string, attributes: Readonly<Record<string, unknown>> = {}): void {
    if (this.hasListeners(type)) this._fireEvent(type, this.#described(attributes));
  }

  /** What a listener does wrong is no fault of the drop it listens to: the others hear of the event, and the graph goes on. */
  protected override _listenerFailed({ type }: Event, error: unknown): void {
    this.#context.log('error', this, `A listener failed when ${this.uid} fired ${type}: ${messageOf(error)}`);
  }

  #described(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return {
      oid: this.oid,
      uid: this.uid,
      session_id: this.#context.sessionId,
      name: this.name,
      lg_key: this.lgKey,
      ...attributes,
    };
  }

  /** @internal An event of this drop as one neighbour is handed it, without everybody hearing of it. */
  override _eventFor(type: string, attributes: Readonly<Record<string, unknown>>): Event {
    return new Event(type, this.#described(attributes));
  }

  /** @internal Called by the flow. */
  _statusChanged(status: DROPStates): void {
    this._keeper?.statusChanged?.(this, status);
    this._fire('status', { status });
  }

  /** @internal */
  _execChanged(execStatus: AppDROPStates): void {
    this._keeper?.execChanged?.(this);
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
    this._flow.host.failed?.(this._row, error);
  }

  /** @internal Something of this drop itself went wrong: recorded, and the drop goes to ERROR. */
  _fail(error: unknown): void {
    this._flow.host.failed?.(this._row, error);
    this._flow.error(this._row);
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

/** A lifespan of a dropspec: none (null, "") is -1, "inf" has no end as in Python; NaN for what is no number. */
function lifespanSeconds(lifespan: unknown): number {
  if (lifespan === undefined || lifespan === null) return -1;
  // Number() takes blank texts and lists for 0, which would be the end of the data.
  if (typeof lifespan === 'object') return Number.NaN;
  if (typeof lifespan !== 'string') return Number(lifespan);
  const said = lifespan.trim();
  return said === '' ? -1 : Number(said.replace(/^([+-]?)inf$/i, '$1Infinity'));
}

/** Truth of a dropspec value: EAGLE writes booleans as text ("0", "False"), which upstream took for true (spec 13 #11). */
export function truthy(value: unknown): boolean {
  if (typeof value === 'string')
    return !['', '0', 'false', 'no', 'off', 'none', 'null'].includes(value.trim().toLowerCase());
  return Boolean(value);
}
