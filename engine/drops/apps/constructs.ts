/**
 * Constructs of the palette (seed `dlg.apps.constructs`, spec/engine.md 6.11). The translator resolves them; one that
 * is left in a physical graph has nothing to do, and running it says so.
 */
import { BarrierAppDROP } from '../app-drop.ts';
import { registerDrop } from '../registry.ts';

/** A construct in a graph that runs: each ends in ERROR with a message, never silently. */
export class ConstructDrop extends BarrierAppDROP {}

export class ScatterDrop extends ConstructDrop {}
export class GatherDrop extends ConstructDrop {}
export class LoopDrop extends ConstructDrop {}
export class MKNDrop extends ConstructDrop {}
export class GroupByDrop extends ConstructDrop {}
export class SubGraphDrop extends ConstructDrop {}
export class CommentDrop extends ConstructDrop {}
export class ExclusiveForceDrop extends ConstructDrop {}
export class GlobalVariableDrop extends ConstructDrop {}

const CONSTRUCTS = {
  ScatterDrop,
  GatherDrop,
  LoopDrop,
  MKNDrop,
  GroupByDrop,
  SubGraphDrop,
  CommentDrop,
  ExclusiveForceDrop,
  GlobalVariableDrop,
};
for (const [name, construct] of Object.entries(CONSTRUCTS))
  registerDrop(construct, `dlg.apps.constructs.${name}`);
