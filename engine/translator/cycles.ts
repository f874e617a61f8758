import type { WarningSink } from './errors.ts';
import type { PlanNode } from './plan.ts';
import type { Relation } from './relations.ts';

/**
 * Tells of components that wait for each other: such a graph unrolls, as upstream's does, but can be neither
 * partitioned nor run to its end. Links that lead to a later iteration or batch make no cycle.
 */
export function warnOfCycles(relations: readonly Relation[], warn: WarningSink): void {
  const targets = new Map<PlanNode, PlanNode[]>();
  for (const relation of relations) {
    if (relation.isForward) continue;
    const list = targets.get(relation.source) ?? [];
    list.push(relation.target);
    targets.set(relation.source, list);
  }
  const state = new Map<PlanNode, 'open' | 'closed'>();
  for (const root of targets.keys()) {
    const cycle = cycleFrom(root, targets, state);
    if (cycle === undefined) continue;
    const names = cycle.map((n) => `"${n.model.name}" (${n.model.sourceId})`).join(' -> ');
    warn({
      reason: 'cycle',
      message: `Components wait for each other: ${names}. Remove one of these links; the graph cannot run to its end.`,
      place: { nodeId: cycle[0]?.model.sourceId ?? '', nodeName: cycle[0]?.model.name ?? '' },
    });
    return;
  }
}

/** Depth-first without recursion: graphs of thousands of components in a row are usual. */
function cycleFrom(
  root: PlanNode,
  targets: ReadonlyMap<PlanNode, readonly PlanNode[]>,
  state: Map<PlanNode, 'open' | 'closed'>,
): PlanNode[] | undefined {
  if (state.has(root)) return undefined;
  const path: { node: PlanNode; next: number }[] = [{ node: root, next: 0 }];
  state.set(root, 'open');
  while (path.length > 0) {
    const top = path[path.length - 1];
    if (top === undefined) break;
    const target = targets.get(top.node)?.[top.next++];
    if (target === undefined) {
      state.set(top.node, 'closed');
      path.pop();
      continue;
    }
    const known = state.get(target);
    if (known === 'open') {
      const at = path.findIndex((p) => p.node === target);
      return path.slice(at).map((p) => p.node);
    }
    if (known === 'closed') continue;
    state.set(target, 'open');
    path.push({ node: target, next: 0 });
  }
  return undefined;
}
