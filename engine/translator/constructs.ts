import type { Json, JsonObject } from '../protocol/index.ts';
import { GInvalidLink, GraphException, shown } from './errors.ts';
import { Category, isPortUsage, isUsableAppType, type LgField } from './logical-graph.ts';
import type { PreparedGraph, PrepLink, PrepNode } from './prepare.ts';

/**
 * Turns the embedded applications of constructs into nodes and rewires the links to them (spec/translator.md 2.4 to
 * 2.6). Afterwards a Scatter or Service is reached through its application outside, a Gather receives on the construct
 * and sends from its application inside.
 */
export function convertConstructs(graph: PreparedGraph): PreparedGraph {
  if (graph.dialect === 'AppRef') return graph;
  let state: Work = { nodes: [...graph.nodes], links: [...graph.links], added: [], graph };
  state = dissolveForceNodes(state);
  const original = [...state.nodes];
  for (const node of original) {
    switch (node.attrs['category']) {
      case Category.SCATTER:
      case Category.SERVICE:
        convertOuterApp(state, node);
        break;
      case Category.GATHER:
        convertGather(state, node);
        break;
      case Category.MKN:
        convertMkn(state, node);
        break;
      case Category.SUB_GRAPH:
        if (graph.dialect === 'EAGLE') convertSubGraph(state, node);
        break;
      default:
    }
  }
  return { ...graph, nodes: [...state.nodes, ...state.added], links: state.links };
}

interface Work {
  nodes: PrepNode[];
  links: PrepLink[];
  readonly added: PrepNode[];
  readonly graph: PreparedGraph;
}

/** An id for a construct whose own id went to its application: the same for the same graph, never that of a node. */
export function derivedId(id: string, purpose: string): string {
  const text = `${purpose}:${id}`;
  const parts: string[] = [];
  for (let lane = 0; lane < 4; lane++) {
    let hash = 0x811c9dc5 ^ (lane * 0x9e3779b1);
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    parts.push((hash >>> 0).toString(16).padStart(8, '0'));
  }
  const hex = parts.join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function appTypes(node: PrepNode): { input: string | undefined; output: string | undefined } {
  const input = node.attrs['inputApplicationType'];
  const output = node.attrs['outputApplicationType'];
  return {
    input: isUsableAppType(input) ? input : undefined,
    output: isUsableAppType(output) ? output : undefined,
  };
}

function appNode(
  construct: PrepNode,
  id: string,
  category: string,
  parentId: string | undefined,
  side: 'inputAppFields' | 'outputAppFields' = 'inputAppFields',
): PrepNode {
  const appFields: readonly LgField[] = construct.source[side] ?? [];
  const attrs: Record<string, Json | undefined> = {
    id,
    name: construct.attrs['name'],
    category,
  };
  for (const field of appFields) {
    if (field.name !== '' && field.name !== 'id' && field.name !== '__proto__')
      attrs[field.name] = field.value;
  }
  return {
    id,
    attrs,
    isGroup: false,
    parentId,
    fields: [...appFields, ...construct.fields],
    reprodata: construct.reprodata,
    source: construct.source,
    isEmbeddedApp: true,
    ...(construct.forceNode === undefined ? {} : { forceNode: construct.forceNode }),
  };
}

function replaceNode(state: Work, old: PrepNode, next: PrepNode): void {
  const at = state.nodes.indexOf(old);
  if (at >= 0) state.nodes[at] = next;
}

/** What a construct contains moves with it when it takes another id. */
function moveChildren(state: Work, from: string, to: string | undefined): void {
  const move = (n: PrepNode): PrepNode => (n.parentId === from ? { ...n, parentId: to } : n);
  state.nodes = state.nodes.map(move);
  for (let i = 0; i < state.added.length; i++) {
    const node = state.added[i];
    if (node !== undefined) state.added[i] = move(node);
  }
}

/** The current form of a node: an earlier conversion may have given it another parent. */
function current(state: Work, node: PrepNode): PrepNode {
  return state.nodes.find((n) => n.id === node.id) ?? node;
}

function convertOuterApp(state: Work, original: PrepNode): void {
  const types = appTypes(original);
  const category = types.input ?? types.output;
  if (category === undefined) return;
  const construct = current(state, original);
  const freshId = derivedId(construct.id, 'construct');
  state.added.push(appNode(construct, construct.id, category, construct.parentId));
  replaceNode(state, construct, { ...construct, id: freshId });
  moveChildren(state, construct.id, freshId);
}

/**
 * What a component inside a Gather links back to the Gather goes to an application of its own, the Gather's output,
 * from which links to the outside then start; upstream means this but fails (spec/translator.md 2.4).
 */
function convertGather(state: Work, original: PrepNode): void {
  const construct = current(state, original);
  const { id } = construct;
  const types = appTypes(construct);
  const category = types.input ?? types.output;
  const inner = state.links.find((l) => l.to === id && isInside(state, l.from, id));
  if (category === undefined && inner !== undefined) throw innerWithoutApplication(construct, inner);
  if (category === undefined) return;
  const freshId = derivedId(id, 'construct');
  const inside = new Set(
    [...state.nodes, ...state.added].map((n) => n.id).filter((n) => isInside(state, n, id)),
  );
  const app = appNode(construct, id, category, freshId);
  replaceNode(state, construct, { ...construct, id: freshId });
  moveChildren(state, id, freshId);
  state.added.push({ ...app, attrs: { ...app.attrs, group_start: 1 } });
  if (inner === undefined) {
    state.links = state.links.map((l) => (l.to === id ? { ...l, to: freshId } : l));
    return;
  }
  const given = construct.attrs['outputApplicationId'];
  const outputId = typeof given === 'string' && given !== '' ? given : derivedId(id, 'gather-output');
  const side = types.output === undefined ? 'inputAppFields' : 'outputAppFields';
  state.added.push(appNode(construct, outputId, types.output ?? category, freshId, side));
  state.links = state.links.map((l) => {
    if (l.to === id) return { ...l, to: inside.has(l.from) ? outputId : freshId };
    return l.from === id && !inside.has(l.to) ? { ...l, from: outputId } : l;
  });
}

function innerWithoutApplication(construct: PrepNode, link: PrepLink): GInvalidLink {
  return new GInvalidLink(
    'gather-internal-input',
    `Expected the inputs of the Gather "${shown(construct.attrs['name'])}" (${construct.id}), which has no application, to come from ` +
      `outside, found a link from ${link.from}, which is inside it. Link the inner component to what follows the Gather instead.`,
    { nodeId: construct.id, link: link.index, fromId: link.from, toId: link.to },
  );
}

function isInside(state: Work, nodeId: string, groupId: string): boolean {
  const parentOf = new Map([...state.nodes, ...state.added].map((n) => [n.id, n.parentId]));
  let at = parentOf.get(nodeId);
  while (at !== undefined) {
    if (at === groupId) return true;
    at = parentOf.get(at);
  }
  return false;
}

/**
 * MKN(m, k, n): Gather(m) around the input application, the contents k times, the output application n times
 * (spec/translator.md 2.6). Every copy of the contents feeds every copy of the output application.
 */
function convertMkn(state: Work, original: PrepNode): void {
  const construct = current(state, original);
  const types = appTypes(construct);
  if (!construct.isGroup || types.input === undefined || types.output === undefined) return;
  const id = construct.id;
  const gatherId = derivedId(id, 'mkn-gather');
  const bodyId = derivedId(id, 'mkn-body');
  const exitId = derivedId(id, 'mkn-exit');
  const given = construct.attrs['outputApplicationId'];
  const outputId = typeof given === 'string' && given !== '' ? given : derivedId(id, 'mkn-output');
  const group = (groupId: string, category: string, parentId: string | undefined, count: Json): PrepNode => ({
    ...construct,
    id: groupId,
    parentId,
    fields: [],
    attrs: {
      name: construct.attrs['name'],
      category,
      categoryType: 'Construct',
      num_of_inputs: count,
      num_of_copies: count,
    },
    madeBy: 'MKN',
  });
  const inside = new Set(
    [...state.nodes, ...state.added].map((n) => n.id).filter((n) => isInside(state, n, id)),
  );
  replaceNode(
    state,
    construct,
    group(gatherId, Category.GATHER, construct.parentId, construct.attrs['m'] ?? 1),
  );
  moveChildren(state, id, bodyId);
  state.added.push(
    group(bodyId, Category.SCATTER, gatherId, construct.attrs['k'] ?? 1),
    group(exitId, Category.SCATTER, gatherId, construct.attrs['n'] ?? 1),
  );
  const input = appNode(construct, id, types.input, gatherId);
  state.added.push({ ...input, attrs: { ...input.attrs, group_start: 1 } });
  state.added.push(appNode(construct, outputId, types.output, exitId, 'outputAppFields'));
  state.links = state.links.map((link) => {
    if (link.to === id) return { ...link, to: inside.has(link.from) ? outputId : gatherId };
    if (link.from === id) return { ...link, from: inside.has(link.to) ? id : outputId };
    return link;
  });
}

/**
 * A SubGraph with both applications (spec/translator.md 2.5): its contents travel in the spec of the input
 * application, which translates and runs them; what feeds the output application is also in the outer graph.
 */
function convertSubGraph(state: Work, original: PrepNode): void {
  const construct = current(state, original);
  const types = appTypes(construct);
  if (!construct.isGroup || types.input === undefined || types.output === undefined) return;
  const id = construct.id;
  const freshId = derivedId(id, 'construct');
  const given = construct.attrs['outputApplicationId'];
  const outputId = typeof given === 'string' && given !== '' ? given : derivedId(id, 'subgraph-output');
  const inside = new Set(
    [...state.nodes, ...state.added].map((n) => n.id).filter((n) => isInside(state, n, id)),
  );
  const staying = new Set(
    state.links
      .filter((l) => l.to === id && inside.has(l.from))
      .map((l) => l.from)
      .filter((n) => state.nodes.some((x) => x.id === n && x.parentId === id && !x.isGroup)),
  );
  const input = appNode(construct, id, types.input, freshId);
  const output = appNode(construct, outputId, types.output, freshId, 'outputAppFields');
  const links: PrepLink[] = [];
  for (const link of state.links) {
    const fromInside = inside.has(link.from);
    const toInside = inside.has(link.to);
    if (link.from !== id && link.to !== id) {
      if (!fromInside && !toInside) links.push(link);
      else if (staying.has(link.from) && staying.has(link.to)) links.push(link);
    } else if (link.to === id) {
      if (!fromInside) links.push(link);
      else if (staying.has(link.from)) links.push({ ...link, to: outputId });
    } else if (!toInside) links.push({ ...link, from: outputId });
  }
  for (const child of state.nodes.filter((n) => staying.has(n.id))) {
    links.push(joining(input, child));
  }
  if (staying.size === 0) links.push(joining(input, output));
  const subgraph: JsonObject = {
    nodeDataArray: state.graph.nodes.filter((n) => inside.has(n.id)).map((n) => n.source),
    linkDataArray: state.graph.links
      .filter((l) => inside.has(l.from) && inside.has(l.to))
      .map((l) => ({
        from: l.from,
        to: l.to,
        ...(l.fromPort === undefined ? {} : { fromPort: l.fromPort }),
        ...(l.toPort === undefined ? {} : { toPort: l.toPort }),
        loop_aware: l.loopAware ? '1' : '0',
      })),
    modelData: state.graph.modelData,
  };
  state.nodes = state.nodes.filter((n) => !inside.has(n.id) || staying.has(n.id));
  for (let i = state.added.length - 1; i >= 0; i--) {
    if (inside.has(state.added[i]?.id ?? '')) state.added.splice(i, 1);
  }
  replaceNode(state, construct, { ...construct, id: freshId });
  moveChildren(state, id, freshId);
  state.added.push({ ...input, subgraph }, output);
  state.links = links;
}

function joining(from: PrepNode, to: PrepNode): PrepLink {
  return {
    index: -1,
    from: from.id,
    to: to.id,
    fromPort: from.fields.find((f) => isPortUsage(f.usage, 'out'))?.id,
    toPort: to.fields.find((f) => isPortUsage(f.usage, 'in'))?.id,
    loopAware: false,
  };
}

/**
 * An ExclusiveForceNode changes nothing of the graph: its contents move one level up and remember that they belong on
 * one compute node (spec/translator.md 2.6). One inside another construct stays and is refused later.
 */
function dissolveForceNodes(state: Work): Work {
  const all = new Map(state.nodes.map((n) => [n.id, n]));
  const isTop = (n: PrepNode): boolean => n.parentId === undefined || !all.has(n.parentId);
  const dissolved = new Map(
    state.nodes
      .filter((n) => n.attrs['category'] === Category.FORCE_NODE && n.isGroup && isTop(n))
      .map((n) => [n.id, n]),
  );
  if (dissolved.size === 0) return state;
  for (const link of state.links) {
    const named = dissolved.get(link.from) ?? dissolved.get(link.to);
    if (named === undefined) continue;
    throw new GraphException(
      'link-names-group-itself',
      `Expected links to the components inside the ExclusiveForceNode "${shown(named.attrs['name'])}" (${named.id}), ` +
        'found a link to the construct itself. Link its contents.',
      { nodeId: named.id, link: link.index, fromId: link.from, toId: link.to },
    );
  }
  const forceOf = (node: PrepNode): string | undefined => {
    let at = node.parentId;
    while (at !== undefined) {
      if (dissolved.has(at)) return at;
      at = all.get(at)?.parentId;
    }
    return undefined;
  };
  const nodes = state.nodes
    .filter((n) => !dissolved.has(n.id))
    .map((n) => {
      const force = forceOf(n);
      if (force === undefined) return n;
      const isDirect = n.parentId === force;
      return { ...n, forceNode: force, parentId: isDirect ? undefined : n.parentId };
    });
  return { ...state, nodes };
}
