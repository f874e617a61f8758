/** Who uses the data of a drop. A container is its children: what happens to one concerns the other. */
import { AppDROPStates } from '../../protocol/index.ts';
import { ContainerDROP } from '../data/container.ts';
import { DataDROP } from '../data-drop.ts';
import type { AbstractDROP } from '../drop.ts';
import { isAppOver } from '../machines.ts';

/** The drop and, of a container, all data in it, however deep. */
export function membersOf(drop: DataDROP, found = new Set<DataDROP>()): ReadonlySet<DataDROP> {
  if (found.has(drop)) return found;
  found.add(drop);
  if (drop instanceof ContainerDROP)
    for (const child of drop.children) if (child instanceof DataDROP) membersOf(child, found);
  return found;
}

/** Applications that read the drop: its consumers, those of the containers it lies in, and those of what lies in it. */
export function usersOf(drop: DataDROP): readonly AbstractDROP[] {
  // Most drops have nothing to do with containers.
  if (!(drop instanceof ContainerDROP) && !drop.parent)
    return [...drop.consumers, ...drop.streamingConsumers];
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

/** When a drop expires, in milliseconds since 1970; a container with the last of its children. -1: never. */
export function expirationDate(drop: DataDROP): number {
  if (!(drop instanceof ContainerDROP)) return drop.expirationDate;
  return Math.max(drop.expirationDate, -1, ...drop.children.map((child) => child.expirationDate));
}
