import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { GraphException, shown, type WarningSink } from './errors.ts';
import type { LgField, LgNode, LogicalGraph } from './logical-graph.ts';

/**
 * Applies the active graph configuration, if there is one (spec/translator.md 2.1). The graph given stays as it is.
 *
 * What a configuration names and the graph lacks is told to `warn` and passed over, as a graph that was edited after
 * its configuration must still run.
 */
export function applyActiveConfiguration(graph: LogicalGraph, warn?: WarningSink): LogicalGraph {
  const activeId = graph.activeGraphConfigId;
  const configurations = graph.graphConfigurations;
  if (typeof activeId !== 'string' || activeId === '') return graph;
  if (!isJsonObject(configurations) || Object.keys(configurations).length === 0) return graph;
  const active = configurations[activeId];
  if (!isJsonObject(active)) {
    warn?.({
      reason: 'config-not-found',
      message: `The active configuration "${activeId}" is not among the configurations of the graph; the values in the graph are used.`,
      place: {},
    });
    return graph;
  }
  return applyConfiguration(graph, active, warn);
}

/** Sets the values of one configuration object; unknown nodes and fields are told to `warn` and passed over. */
export function applyConfiguration(
  graph: LogicalGraph,
  configuration: JsonObject,
  warn?: WarningSink,
): LogicalGraph {
  const wanted = configuration['nodes'];
  if (!isJsonObject(wanted)) {
    if (wanted !== undefined && wanted !== null)
      warn?.({
        reason: 'config-malformed',
        message: `Expected "nodes" of the graph configuration to be an object of values by node, found ${shown(wanted)}; it is passed over.`,
        place: {},
      });
    return graph;
  }
  const known = new Set(graph.nodeDataArray.map((n) => n.id));
  for (const nodeId of Object.keys(wanted)) {
    if (!known.has(nodeId)) {
      warn?.({
        reason: 'config-unknown-node',
        message: `The graph configuration sets values of a node ${nodeId} that the graph does not have; they are passed over.`,
        place: { nodeId },
      });
    }
  }
  const nodeDataArray = graph.nodeDataArray.map((node) => {
    const entry = wanted[node.id];
    const fields = isJsonObject(entry) ? entry['fields'] : undefined;
    return isJsonObject(fields) ? configureNode(node, fields, warn) : node;
  });
  return { ...graph, nodeDataArray };
}

function configureNode(node: LgNode, wanted: JsonObject, warn?: WarningSink): LgNode {
  const fields: LgField[] = [...node.fields];
  for (const [fieldId, entry] of Object.entries(wanted)) {
    const index = fields.findIndex((f) => f.id === fieldId);
    const field = fields[index];
    if (field === undefined) {
      warn?.({
        reason: 'config-unknown-field',
        message:
          `The graph configuration sets a field ${fieldId} that node "${node.name}" (${node.id}) does not have; ` +
          'it is passed over.',
        place: { nodeId: node.id, nodeName: node.name, fieldId },
      });
      continue;
    }
    if (isJsonObject(entry) && entry['value'] !== undefined) {
      fields[index] = { ...field, value: entry['value'] };
    }
  }
  return { ...node, fields };
}

/**
 * `dlg fill-config` (spec/translator.md 14): applies the given configuration instead of the stored active one.
 *
 * A graph without configurations is returned as it is, with a warning. When the configuration is a stranger to the
 * graph, all its nodes and fields must exist, or it is not applied, with a warning per miss; once applied the graph has
 * no active configuration. When it is one of the graph's own, `daliuge` rules keep it active, so that a later
 * unroll applies the stored values on top again; `corrected` rules make the values given win.
 */
export function fillConfiguration(
  graph: LogicalGraph,
  configuration: unknown,
  options: { readonly rules?: 'daliuge' | 'corrected'; readonly warn?: WarningSink } = {},
): LogicalGraph {
  if (!isJsonObject(configuration) || !isJsonObject(configuration['nodes'])) {
    throw new GraphException(
      'config-malformed',
      `Expected a graph configuration (an object with "id" and "nodes"), found ${shown(configuration)}.`,
    );
  }
  const own = graph.graphConfigurations;
  const active = graph.activeGraphConfigId;
  const hasConfigurations =
    isJsonObject(own) && Object.keys(own).length > 0 && typeof active === 'string' && active !== '';
  if (!hasConfigurations) {
    options.warn?.({
      reason: 'config-not-found',
      message: 'The graph has no active configuration, so the configuration given is not applied.',
      place: {},
    });
    return graph;
  }
  const id: Json | undefined = configuration['id'];
  if (typeof id === 'string' && own[id] !== undefined) {
    const filled = applyConfiguration(graph, configuration, options.warn);
    return options.rules === 'corrected' ? { ...filled, activeGraphConfigId: null } : filled;
  }
  let isStrange = false;
  const filled = applyConfiguration(graph, configuration, (w) => {
    isStrange = true;
    options.warn?.(w);
  });
  if (isStrange) return graph;
  return { ...filled, activeGraphConfigId: null };
}
