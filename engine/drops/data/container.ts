/** A drop made of other drops (seed `dlg.data.drops.container.ContainerDROP`, spec/engine.md 4.9). */
import {
  DROPStates,
  DROP_STATE_NAMES,
  InvalidDROPState,
  InvalidRelationshipException,
  WeirError,
} from '../../protocol/index.ts';
import { DataDROP } from '../data-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { ErrorIO } from '../io/error-io.ts';
import { isSettled } from '../machines.ts';
import { registerDrop } from '../registry.ts';

export class ContainerDROP extends DataDROP {
  readonly #children: AbstractDROP[] = [];

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
  }

  /** In the order in which they were added. */
  get children(): readonly AbstractDROP[] {
    return this.childrenWith(this.#children);
  }

  addChild(child: AbstractDROP): void {
    if (child === this || child === this.parent)
      throw new InvalidRelationshipException(
        `Circular dependency found: ${child.uid} cannot be a child of ${this.uid}, which lies in it.`,
        { details: { uid: this.uid, child: child.uid } },
      );
    if (this.children.includes(child)) return;
    this.#children.push(child);
    child.parent = this;
  }

  /** A container is ready when its children are: completion waits for them, and fails when one of them failed. */
  protected override async onCompleting(): Promise<void> {
    const { children } = this;
    await Promise.all(children.map(settled));
    for (const child of children)
      if (child.status === DROPStates.ERROR || child.status === DROPStates.CANCELLED)
        throw new InvalidDROPState(
          `The container ${this.uid} cannot be COMPLETED: its child ${child.uid} is ${DROP_STATE_NAMES[child.status]}.`,
          { details: { uid: this.uid, child: child.uid } },
        );
  }

  override getIO(): ErrorIO {
    return new ErrorIO(
      `The container drop ${this.uid} has no content of its own; read and write its children.`,
    );
  }

  get dataURL(): string {
    throw new WeirError('NOT_IMPLEMENTED', `The container drop ${this.uid} has no URL; its children have.`);
  }

  /** Whether any child exists; true for a container without children. */
  override async exists(): Promise<boolean> {
    if (this.children.length === 0) return true;
    for (const child of this.children) if (await (child as DataDROP).exists()) return true;
    return false;
  }

  /** Deletes the children that exist. */
  override async delete(): Promise<void> {
    for (const child of this.children) {
      const data = child as DataDROP;
      if (await data.exists()) await data.delete();
    }
  }
}

function settled(drop: AbstractDROP): Promise<void> {
  if (isSettled(drop.status)) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = {
      handleEvent: () => {
        if (!isSettled(drop.status)) return;
        drop.unsubscribe(listener, 'status');
        resolve();
      },
    };
    drop.subscribe(listener, 'status');
  });
}

registerDrop(
  ContainerDROP,
  'dlg.data.drops.container.ContainerDROP',
  'dlg.data.drops.ContainerDROP',
  'dlg.drop.ContainerDROP',
);
