/** Who uses the data of a drop. A container is its children: what happens to one concerns the other. */
import { AppDROPStates } from '../../protocol/index.ts';
import { ContainerDROP } from '../data/container.ts';
import { DirectoryContainer } from '../data/directory.ts';
import { DataDROP } from '../data-drop.ts';
import type { AbstractDROP } from '../drop.ts';
import { isAppOver } from '../machines.ts';

/** Drops that hold others, and lose them when they are deleted. */
const isContainer = (drop: DataDROP): drop is ContainerDROP | DirectoryContainer =>
  drop instanceof ContainerDROP || drop instanceof DirectoryContainer;

/** The drop and, of a container, all data in it, however deep. */
export function membersOf(drop: DataDROP, found = new Set<DataDROP>()): ReadonlySet<DataDROP> {
  if (found.has(drop)) return found;
  found.add(drop);
  if (isContainer(drop))
    for (const child of drop.children) if (child instanceof DataDROP) membersOf(child, found);
  return found;
}

/** Applications that read the drop: its consumers, those of the containers it lies in, and those of what lies in it. */
export function usersOf(drop: DataDROP): readonly AbstractDROP[] {
  // Most drops have nothing to do with containers.
  if (!isContainer(drop) && !drop.parent) return [...drop.consumers, ...drop.streamingConsumers];
  const holders = new Set<AbstractDROP>(membersOf(drop));
  for (let around = drop.parent; around && !holders.has(around); around = around.parent) holders.add(around);
  const users = new Set<AbstractDROP>();
  for (const holder of holders)
    for (const app of [...holder.consumers, ...holder.streamingConsumers]) users.add(app);
  return [...users];
}

export const isOver = (app: AbstractDROP): boolean => isAppOver(execOf(app));

export const isRunning = (app: AbstractDROP): boolean => execOf(app) === AppDROPStates.RUNNING;

function execOf(app: AbstractDROP): AppDROPStates {
  return app._flow.table.execOf(app._row);
}

/**
 * When a drop expires, in milliseconds since 1970; -1: never. A container goes with the last of what lies in it, and no
 * sooner than it says itself; where it says nothing, what lies in it without a lifespan keeps it for ever.
 */
export function expirationDate(drop: DataDROP): number {
  let last = drop.expirationDate;
  const keepsForEver = last === -1;
  for (const member of membersOf(drop)) {
    if (member === drop || isContainer(member)) continue;
    if (member.expirationDate === -1 && keepsForEver) return -1;
    last = Math.max(last, member.expirationDate);
  }
  return last;
}
