import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { GInvalidLink, GInvalidNode, GraphException, shown } from './errors.ts';
import { graphKind } from './graph-kind.ts';
import { GraphKind, type LgField, type LgLink, type LgNode, type LogicalGraph } from './logical-graph.ts';
import { convertOldDialect, isOldDialect } from './read-old.ts';
import { convertV4, isV4 } from './read-v4.ts';
import { textOf } from './text.ts';

const MAX_PROBLEMS = 100;

/**
 * Reads a logical graph of any EAGLE age from JSON text or a parsed value (spec/translator.md 1).
 *
 * The result is the OJS form; the input is not changed. Throws `GraphException` (or its `GInvalidNode`/`GInvalidLink`)
 * that names the node, the field or link, what was expected and what was found.
 */
export function readLogicalGraph(input: unknown): LogicalGraph {
  const { graph, problems } = readWithProblems(input);
  const first = problems[0];
  if (first !== undefined) throw first;
  if (graph === undefined) throw notAGraph(input);
  return graph;
}

/** Reads and keeps going: everything structurally wrong, in file order, at most a hundred entries. */
export function readWithProblems(input: unknown): {
  graph: LogicalGraph | undefined;
  problems: GraphException[];
} {
  let json: unknown;
  try {
    json = typeof input === 'string' ? parseText(input) : input;
  } catch (error) {
    return { graph: undefined, problems: [error as GraphException] };
  }
  if (graphKind(json) !== GraphKind.LOGICAL || !isJsonObject(json)) {
    return { graph: undefined, problems: [notAGraph(json)] };
  }
  const ojs = isV4(json) ? convertV4(json) : isOldDialect(json) ? convertOldDialect(json) : json;
  return checkShape(ojs);
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GraphException(
      'not-json',
      `Expected a graph as JSON, found text that is not JSON (${why}). Save the graph again or check the file.`,
      {},
      'GRAPH_NOT_JSON',
      cause,
    );
  }
}

function notAGraph(json: unknown): GraphException {
  const kind = graphKind(json);
  const found: Record<GraphKind, string> = {
    [GraphKind.LOGICAL]: 'a logical graph',
    [GraphKind.TEMPLATE]: 'a physical graph template (a list of drops); partition, map or submit it instead',
    [GraphKind.PARTITIONED]: 'a partitioned physical graph (a list of drops); map or submit it instead',
    [GraphKind.PHYSICAL]: 'a physical graph (a list of drops); submit it instead',
    [GraphKind.PALETTE]: 'a palette of components; open a graph that uses them instead',
    [GraphKind.UNKNOWN]: `${isJsonObject(json) ? `an object with the keys ${shown(Object.keys(json))}` : shown(json)}`,
  };
  return new GraphException(
    'not-a-graph',
    `Expected a logical graph of EAGLE (an object with "nodeDataArray" and "linkDataArray"), found ${found[kind]}.`,
    { expected: 'logical graph', found: kind },
    'GRAPH_INVALID',
  );
}

function checkShape(graph: JsonObject): { graph: LogicalGraph | undefined; problems: GraphException[] } {
  const problems: GraphException[] = [];
  const report = (problem: GraphException): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };
  const rawNodes = graph['nodeDataArray'] as readonly Json[];
  const nodes: LgNode[] = [];
  const seen = new Map<string, number>();
  rawNodes.forEach((raw, index) => {
    const node = checkNode(raw, index, report);
    if (node === undefined) return;
    const before = seen.get(node.id);
    if (before !== undefined) {
      report(
        new GInvalidNode(
          'node-id-duplicate',
          `Expected every node to have an id of its own, found "${node.id}" twice (nodes ${before + 1} and ${index + 1}, ` +
            `the second called "${node.name}"). Give one of them another id.`,
          { nodeId: node.id, nodeName: node.name },
        ),
      );
    }
    seen.set(node.id, index);
    nodes.push(node);
  });
  const rawLinks = graph['linkDataArray'] ?? [];
  const links: LgLink[] = [];
  if (!Array.isArray(rawLinks)) {
    report(
      new GraphException('not-a-graph', `Expected "linkDataArray" to be a list, found ${shown(rawLinks)}.`),
    );
  } else {
    (rawLinks as readonly Json[]).forEach((raw, index) => {
      const link = checkLink(raw, index, report);
      if (link !== undefined) links.push(link);
    });
  }
  checkParents(nodes, report);
  const modelData = isJsonObject(graph['modelData']) ? graph['modelData'] : {};
  const read = { ...graph, modelData, nodeDataArray: nodes, linkDataArray: links } as LogicalGraph;
  return { graph: read, problems };
}

function checkNode(raw: Json, index: number, report: (p: GraphException) => void): LgNode | undefined {
  if (!isJsonObject(raw)) {
    report(
      new GInvalidNode(
        'node-malformed',
        `Expected node ${index + 1} to be an object, found ${shown(raw)}. Remove the entry or save the graph again.`,
      ),
    );
    return undefined;
  }
  const name = textOf(raw['name'] ?? raw['text']);
  const id = typeof raw['id'] === 'number' ? String(raw['id']) : raw['id'];
  const label = `node ${index + 1}${name === '' ? '' : ` ("${name}")`}`;
  if (typeof id !== 'string' || id === '') {
    report(
      new GInvalidNode(
        'node-id-missing',
        `Expected ${label} to have an "id", found ${shown(raw['id'])}. Save the graph again with a current EAGLE.`,
        { nodeName: name, fieldName: 'id', expected: 'string', found: shown(raw['id']) },
      ),
    );
    return undefined;
  }
  const place = { nodeId: id, nodeName: name };
  if (typeof raw['category'] !== 'string' || raw['category'] === '') {
    report(
      new GInvalidNode(
        'node-malformed',
        `Expected ${label} to have a "category", found ${shown(raw['category'])}. Choose what the node is.`,
        { ...place, fieldName: 'category', expected: 'string', found: shown(raw['category']) },
      ),
    );
    return undefined;
  }
  const node: Record<string, Json | undefined> = { ...raw, id, name };
  if (typeof raw['parentId'] === 'number') node['parentId'] = String(raw['parentId']);
  else if (typeof raw['parentId'] !== 'string') delete node['parentId'];
  if (typeof raw['categoryType'] !== 'string' || raw['categoryType'] === '') delete node['categoryType'];
  for (const key of ['fields', 'inputAppFields', 'outputAppFields']) {
    node[key] = checkFields(raw[key], key, label, place, report);
  }
  return node as LgNode;
}

function checkFields(
  raw: Json | undefined,
  key: string,
  label: string,
  place: { nodeId: string; nodeName: string },
  report: (p: GraphException) => void,
): LgField[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) {
    report(
      new GInvalidNode(
        'field-malformed',
        `Expected "${key}" of ${label} to be a list of fields, found ${shown(raw)}.`,
        { ...place, fieldName: key },
      ),
    );
    return [];
  }
  const fields: LgField[] = [];
  (raw as readonly Json[]).forEach((field, i) => {
    if (!isJsonObject(field)) {
      report(
        new GInvalidNode(
          'field-malformed',
          `Expected entry ${i + 1} of "${key}" of ${label} to be a field (an object), found ${shown(field)}.`,
          place,
        ),
      );
      return;
    }
    const name = field['name'];
    if (name !== undefined && name !== null && typeof name !== 'string') {
      report(
        new GInvalidNode(
          'field-malformed',
          `Expected entry ${i + 1} of "${key}" of ${label} to have a text as "name", found ${shown(name)}.`,
          { ...place, found: shown(name), expected: 'string' },
        ),
      );
      return;
    }
    fields.push(typeof name === 'string' ? (field as LgField) : { ...field, name: '' });
  });
  return fields;
}

function checkLink(raw: Json, index: number, report: (p: GraphException) => void): LgLink | undefined {
  const bad = (message: string): undefined => {
    report(new GInvalidLink('link-malformed', message, { link: index }));
    return undefined;
  };
  if (!isJsonObject(raw)) {
    return bad(`Expected link ${index + 1} to be an object, found ${shown(raw)}.`);
  }
  const link: Record<string, Json | undefined> = { ...raw };
  for (const end of ['from', 'to'] as const) {
    if (typeof raw[end] === 'number') link[end] = String(raw[end]);
    else if (typeof raw[end] !== 'string' || raw[end] === '') {
      return bad(
        `Expected link ${index + 1} to name a node as "${end}", found ${shown(raw[end])}. ` +
          'Draw the link again or remove it.',
      );
    }
  }
  for (const end of ['fromPort', 'toPort'] as const) {
    if (typeof raw[end] === 'number') link[end] = String(raw[end]);
    else if (typeof raw[end] !== 'string') delete link[end];
  }
  return link as LgLink;
}

/** A node inside itself, however many steps away, can never be unrolled. */
function checkParents(nodes: readonly LgNode[], report: (p: GraphException) => void): void {
  const parentOf = new Map(nodes.map((n) => [n.id, n.parentId]));
  const safe = new Set<string>();
  for (const node of nodes) {
    const path = new Set<string>();
    let at: string | undefined = node.id;
    while (at !== undefined && parentOf.has(at) && !safe.has(at)) {
      if (path.has(at)) {
        report(
          new GInvalidNode(
            'parent-cycle',
            `Expected the construct around node "${node.name}" (${node.id}) to lie outside of it, found that node ` +
              `${at} is inside itself. Move it out of its own contents.`,
            { nodeId: node.id, nodeName: node.name, fieldName: 'parentId' },
          ),
        );
        break;
      }
      path.add(at);
      at = parentOf.get(at);
    }
    for (const id of path) safe.add(id);
  }
}
