/**
 * One signature for a session that ran on several nodes. Upstream signs each node's part alone and fails on relations
 * that cross nodes (spec/reproducibility.md 9.7); here the run-time data of all parts is filed in the whole graph, which
 * is then signed as if one node had run it.
 */

import { WeirError } from '../protocol/index.ts';
import type { PyObject } from './python-json.ts';
import { type RuntimeCommit, storeRuntimeData } from './runtime.ts';
import { initRuntimeReproData } from './stages.ts';

/** What one node delivers: its name, and the payload of each of its drops that ended. */
export interface NodeRuntimeData {
  readonly node: string;
  readonly commits: Iterable<readonly [oid: string, commit: RuntimeCommit]>;
}

/**
 * Files the parts in the whole physical graph and signs it. `graph`: all drops with all relations, after the `pg` stage.
 * Throws REPRO_INVALID for a drop that is not in the graph, or that two nodes claim to have run.
 */
export function mergeRuntimeData(
  graph: ReadonlyMap<string, object>,
  reprodata: object | null,
  parts: Iterable<NodeRuntimeData>,
): PyObject | null {
  const ranOn = new Map<string, string>();
  for (const { node, commits } of parts)
    for (const [oid, commit] of commits) {
      const spec = graph.get(oid);
      if (spec === undefined)
        throw new WeirError(
          'REPRO_INVALID',
          `Node "${node}" delivered data of drop "${oid}", which the session has not.`,
        );
      const other = ranOn.get(oid);
      if (other !== undefined && other !== node)
        throw new WeirError(
          'REPRO_INVALID',
          `Nodes "${other}" and "${node}" both claim to have run drop "${oid}".`,
        );
      ranOn.set(oid, node);
      storeRuntimeData(spec, commit);
    }
  return initRuntimeReproData(graph, reprodata);
}
