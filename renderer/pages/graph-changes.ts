/** New states in a drawing of all drops. Pure. */
import type { GraphView } from '../../engine/api/contract.ts';
import type { DropChange } from '../data/session-feed.ts';
import { stateOfRow } from '../states.ts';

/**
 * The view with new states in it; the same nodes at the same places. Only a view of all drops can be changed this way:
 * its nodes stand for one drop each, in the order of rows unless a node says which row it is.
 */
export function withChanges(view: GraphView, changes: ReadonlyMap<number, DropChange>): GraphView {
  const nodes = view.nodes.map((node, index) => {
    const change = changes.get(node.row ?? index);
    return change === undefined ? node : { ...node, byState: { [stateOfRow(change)]: 1 } };
  });
  return { ...view, nodes };
}
