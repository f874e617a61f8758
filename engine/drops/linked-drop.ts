/** How a drop stands among others: its row in the table and its relations (spec/engine.md 3.4). */
import { DROPLinkType, DROPStates, ExecutionMode, InvalidRelationshipException } from '../protocol/index.ts';
import type { DropContext } from './context.ts';
import { RecordedDROP } from './drop-record.ts';
import type { AbstractDROP, DropKwargs } from './drop.ts';
import { Flow, type FlowHost } from './flow.ts';
import { DropTable, Flags } from './table.ts';

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

/** The part of AbstractDROP that knows its neighbours. */
export abstract class LinkedDROP extends RecordedDROP {
  #flow: Flow;
  #row: number;
  #parent: AbstractDROP | undefined;

  constructor(place: Place | undefined) {
    super();
    const self = this.asDrop();
    this.#flow = place?.flow ?? new Flow(new DropTable(), looseHost(self));
    this.#row = place?.row ?? this.#flow.table.addRow(0);
    this.#flow.table.instances[this.#row] = self;
  }

  /** This drop as its neighbours see it. */
  protected abstract asDrop(): AbstractDROP;
  /** The session, directory and services around this drop. */
  abstract get context(): DropContext;

  // --- place -----------------------------------------------------------------------------------------------------

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
  #join(other: LinkedDROP): number {
    if (other.#flow.table !== this.#flow.table) {
      const mine = this.#flow.table;
      const theirs = other.#flow.table;
      if (theirs.size > mine.size || theirs.source) theirs.absorb(mine);
      else mine.absorb(theirs);
    }
    return other.#row;
  }

  /** Marks that the class of this drop wants to hear of its neighbours itself: the flow then calls its methods. */
  protected hearNeighbours(): void {
    this.#flow.table.setFlag(this.#row, Flags.HEARS);
    this.#flow.table.hasHearers = true;
  }

  /** @internal Whether the class has methods of its own for records of its neighbours. */
  abstract _hearsRecords(): boolean;

  protected override recordHearers(): readonly AbstractDROP[] {
    return this.#flow.table.hasHearers ? this.consumers.filter((drop) => drop._hearsRecords()) : [];
  }

  // --- what the table holds of it --------------------------------------------------------------------------------

  override get status(): DROPStates {
    return this.#flow.table.statusOf(this.#row);
  }

  get executionMode(): ExecutionMode {
    return this.#flow.table.hasFlag(this.#row, Flags.EXTERNAL) ? ExecutionMode.EXTERNAL : ExecutionMode.DROP;
  }

  get blockSkip(): boolean {
    return this.#flow.table.hasFlag(this.#row, Flags.BLOCK_SKIP);
  }

  isCompleted(): boolean {
    return this.status === DROPStates.COMPLETED;
  }

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

  /** Whether a parent was set by hand. */
  protected get hasOwnParent(): boolean {
    return this.#parent !== undefined;
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
        this.asDrop(),
        `The parent of ${this.uid} changes from ${before.uid} to ${parent.uid}.`,
      );
    this.#parent = parent;
    const container = parent as Partial<{
      children: readonly AbstractDROP[];
      addChild(child: AbstractDROP): void;
    }>;
    try {
      if (container.addChild && !container.children?.includes(this.asDrop()))
        container.addChild(this.asDrop());
    } catch (error) {
      if (error instanceof InvalidRelationshipException) this.#parent = before;
      throw error;
    }
  }

  /**
   * Adds an application that reads this drop once it is COMPLETED. One that is added when the drop has announced its end
   * already hears of it in a moment (upstream's waits for ever). `back` is kept for upstream's signature: both sides of a
   * relation are always there.
   */
  addConsumer(consumer: AbstractDROP, _back = true): void {
    this._link(DROPLinkType.CONSUMER, consumer);
  }

  /**
   * Adds an application that receives what is written to this drop while it is written; what was written before it was
   * added it does not get.
   */
  addStreamingConsumer(consumer: AbstractDROP, _back = true): void {
    this._link(DROPLinkType.STREAMING_CONSUMER, consumer);
  }

  /** Adds an application that writes this drop. */
  addProducer(producer: AbstractDROP, _back = true): void {
    producer._link(DROPLinkType.OUTPUT, this.asDrop());
  }

  /** @internal Adds "other is a `type` of this" for CONSUMER, STREAMING_CONSUMER and OUTPUT; one that is there stays single. */
  _link(type: DROPLinkType, other: AbstractDROP): void {
    if (other === this.asDrop())
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
    if (otherKind.has(this.#row, to)) throw bothKinds(this.uid, other.uid);
    other._acceptInput(this.asDrop(), type);
    if (wanted.has(this.#row, to)) return;
    wanted.add(this.#row, to);
    if (this.#flow.table.hasFlag(this.#row, Flags.ANNOUNCED))
      // In a moment, so that whoever links several inputs has linked them all before the first one counts.
      queueMicrotask(() => this.#flow.announceTo(this.#row, other._row));
  }

  /** @internal Refuses an input a class does not allow, by throwing InvalidRelationshipException. */
  _acceptInput(_input: AbstractDROP, _type: DROPLinkType): void {}

  /** Nodes of the consumers, then of the streaming consumers. */
  getConsumersNodes(): (string | null)[] {
    return [...this.consumers, ...this.streamingConsumers].map((drop) => drop.node);
  }
}

/** The error of an application that consumes a drop as a whole and as a stream. */
export function bothKinds(data: string, app: string): InvalidRelationshipException {
  return new InvalidRelationshipException(
    `${app} is both a normal and a streaming consumer of ${data}; a drop can be consumed by an application in one way only.`,
    { details: { uid: app, input: data } },
  );
}

/** Drops made by hand tell nobody but their listeners; a failure nobody can see is logged. */
function looseHost(drop: AbstractDROP): FlowHost {
  return {
    // Linked drops share a table, and so the host of one of them.
    failed: (row, error) => {
      const failed = drop._flow.table.instances[row] ?? drop;
      failed.context.log('error', failed, String(error));
    },
  };
}
