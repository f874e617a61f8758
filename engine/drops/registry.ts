/** Class paths of graphs -> drop classes. A graph names Python classes; ours answer under the same names. */
import type { AbstractDROP } from './drop.ts';
import { type DropKwargs } from './drop.ts';

/** A drop class as the registry holds it. */
export interface DropClass {
  new (oid: string, uid: string, kwargs?: DropKwargs): AbstractDROP;
  /**
   * True where a drop without parameters needs no object before somebody touches it: its constructor checks and
   * makes nothing. Lets a session of a million plain drops start without making a million objects.
   */
  readonly lazy?: boolean;
}

const classes = new Map<string, DropClass>();

/** Makes a class known under one or more dotted names, for graphs of all sessions in this process. */
export function registerDrop(dropClass: DropClass, ...paths: readonly string[]): void {
  // That a base class needs no object says nothing of what a class adds to it.
  if (dropClass.lazy === true && !Object.hasOwn(dropClass, 'lazy'))
    Object.defineProperty(dropClass, 'lazy', { value: false });
  for (const path of paths) classes.set(path, dropClass);
}

/** The class of a dotted name; graphs from before 2016 say `dfms.` for `dlg.`. Undefined: not one of ours. */
export function dropClass(path: string): DropClass | undefined {
  return classes.get(path) ?? (path.startsWith('dfms.') ? classes.get(`dlg.${path.slice(5)}`) : undefined);
}

export function registeredPaths(): readonly string[] {
  return [...classes.keys()];
}
