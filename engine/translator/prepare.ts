import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { applyActiveConfiguration } from './configure.ts';
import { GraphException, shown, type WarningSink } from './errors.ts';
import { resolveGlobals } from './globals.ts';
import type { LgField, LgLink, LgNode, LogicalGraph } from './logical-graph.ts';
import type { TranslationRules } from './rules.ts';

/** A node on its way to the drops: attributes are what the translator's rules look at (spec/translator.md 2.3). */
export interface PrepNode {
  readonly id: string;
  /** Node keys, overlaid with field values. */
  readonly attrs: Readonly<Record<string, Json | undefined>>;
  readonly isGroup: boolean;
  readonly parentId: string | undefined;
  readonly fields: readonly LgField[];
  readonly reprodata: JsonObject;
  /** The node as it stands in the graph. */
  readonly source: LgNode;
  /** An application node made from a construct's embedded application. */
  readonly isEmbeddedApp?: boolean;
  /** Contents that the engine translates when the drop runs (SubGraph with applications). */
  readonly subgraph?: JsonObject;
  /** The ExclusiveForceNode around it, and how many constructs lie around that. */
  readonly forceNode?: string;
  /** The Gather half of an MKN construct: it is fed by whatever feeds the construct. */
  readonly madeBy?: 'MKN';
}

export interface PrepLink {
  /** Position in `linkDataArray`; -1 for links the translator adds. */
  readonly index: number;
  readonly from: string;
  readonly to: string;
  readonly fromPort: string | undefined;
  readonly toPort: string | undefined;
  readonly loopAware: boolean;
}

export interface PreparedGraph {
  readonly nodes: readonly PrepNode[];
  readonly links: readonly PrepLink[];
  readonly modelData: JsonObject;
  readonly reprodata: JsonObject;
  readonly dialect: Dialect;
}

/** Which preparation steps run (spec/translator.md 1.7). */
export type Dialect = 'EAGLE' | 'converted' | 'AppRef';

/** Keys of a node that no field may overwrite: the structure hangs on them. */
const STRUCTURAL = new Set([
  '__proto__',
  'id',
  'parentId',
  'isGroup',
  'fields',
  'inputAppFields',
  'outputAppFields',
  'reprodata',
]);

/** Configuration, globals and field values of a logical graph; constructs follow in `convertConstructs`. */
export function prepare(graph: LogicalGraph, rules: TranslationRules, warn?: WarningSink): PreparedGraph {
  if (graph.nodeDataArray.length === 0) {
    throw new GraphException(
      'no-nodes',
      'Expected a graph with at least one node, found none. Add a component.',
    );
  }
  const configured = applyActiveConfiguration(graph, warn);
  const dialect = dialectOf(configured, rules);
  const nodes = dialect === 'EAGLE' ? resolveGlobals(configured.nodeDataArray) : configured.nodeDataArray;
  return {
    nodes: nodes.map((n) => prepareNode(n, dialect)),
    links: configured.linkDataArray.map(prepareLink),
    modelData: graph.modelData,
    reprodata: isJsonObject(graph.reprodata) ? graph.reprodata : {},
    dialect,
  };
}

function dialectOf(graph: LogicalGraph, rules: TranslationRules): Dialect {
  const version = graph.modelData['schemaVersion'];
  if (version === 'AppRef') return 'AppRef';
  if (version !== undefined && version !== null && version !== '' && version !== 'OJS') {
    throw new GraphException(
      'unsupported-schema',
      `Expected a graph of schema "OJS" (or "V4" with "nodes" and "edges"), found "schemaVersion": ${shown(version)}. ` +
        'Open it in EAGLE and save it again.',
      { fieldName: 'schemaVersion', expected: 'OJS', found: shown(version) },
    );
  }
  const firstPort = graph.linkDataArray[0]?.fromPort;
  if (graph.nodeDataArray.every((n) => n.fields.length === 0) && graph.linkDataArray.length > 0) {
    if (firstPort === undefined || /^[BTRL]$/.test(firstPort)) {
      throw new GraphException(
        'unsupported-schema',
        'Expected links between ports, found a graph of the first editor whose links have none. ' +
          'Open it in EAGLE and save it again.',
        { link: 0, fieldName: 'fromPort', found: shown(firstPort) },
      );
    }
  }
  if (rules === 'corrected') return 'EAGLE';
  const decisive = graph.nodeDataArray.slice(0, 6).find((n) => n.fields.length > 0);
  const firstField = decisive?.fields[0]?.name;
  if (decisive === undefined || firstField === undefined) {
    return graph.linkDataArray.length > 0 ? 'converted' : 'EAGLE';
  }
  return firstField in decisive && firstField !== 'description' ? 'converted' : 'EAGLE';
}

function prepareNode(node: LgNode, dialect: Dialect): PrepNode {
  const attrs: Record<string, Json | undefined> = { ...node };
  if (dialect !== 'converted') {
    for (const field of node.fields) {
      if (field.name === '' || STRUCTURAL.has(field.name)) continue;
      attrs[field.name] = field.value === '' ? (field.defaultValue ?? '') : field.value;
    }
  }
  return {
    id: node.id,
    attrs,
    isGroup: node.isGroup === true,
    parentId: node.parentId,
    fields: node.fields,
    reprodata: isJsonObject(node['reprodata']) ? node['reprodata'] : {},
    source: node,
  };
}

function prepareLink(link: LgLink, index: number): PrepLink {
  const aware = link.loop_aware;
  return {
    index,
    from: link.from,
    to: link.to,
    fromPort: link.fromPort,
    toPort: link.toPort,
    loopAware: aware === '1' || aware === true || aware === 1,
  };
}
