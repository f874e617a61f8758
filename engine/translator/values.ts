import { isJsonObject, type Json } from '../protocol/index.ts';
import { applyActiveConfiguration, applyConfiguration } from './configure.ts';
import { GraphException, shown, type TranslationWarning, type WarningSink } from './errors.ts';
import type { LgField, LgNode, LogicalGraph } from './logical-graph.ts';

/** A value a person set for one field of a logical graph; `field` is the field's id, or its name where it has none. */
export interface FieldValue {
  readonly node: string;
  readonly field: string;
  readonly value: Json;
}

const FIELD_LISTS = ['fields', 'inputAppFields', 'outputAppFields'] as const;

/** How a field is named in a {@link FieldValue}. */
export function fieldKey(field: LgField): string {
  return typeof field.id === 'string' && field.id !== '' ? field.id : field.name;
}

/**
 * Sets values on top of the active configuration, which is applied and then no longer active. The graph given stays as
 * it is. Throws `config-unknown-node` or `config-unknown-field`.
 */
export function withValues(
  graph: LogicalGraph,
  values: readonly FieldValue[],
  warn?: WarningSink,
): LogicalGraph {
  if (values.length === 0) return graph;
  const configured = applyActiveConfiguration(graph, warn);
  const byNode = new Map<string, FieldValue[]>();
  for (const value of values) byNode.set(value.node, [...(byNode.get(value.node) ?? []), value]);
  const nodeDataArray = configured.nodeDataArray.map((node) => {
    const wanted = byNode.get(node.id);
    byNode.delete(node.id);
    return wanted === undefined ? node : withNodeValues(node, wanted);
  });
  const [strange] = byNode.keys();
  if (strange !== undefined) {
    throw new GraphException(
      'config-unknown-node',
      `Expected values for nodes of the graph, found some for "${strange}", which it does not have.`,
      { nodeId: strange, found: strange },
    );
  }
  return { ...configured, nodeDataArray, activeGraphConfigId: null };
}

function withNodeValues(node: LgNode, wanted: readonly FieldValue[]): LgNode {
  let changed: LgNode = node;
  for (const { field, value } of wanted) {
    const list = FIELD_LISTS.find((key) => changed[key]?.some((f) => fieldKey(f) === field));
    const fields = list === undefined ? undefined : changed[list];
    if (list === undefined || fields === undefined) {
      throw new GraphException(
        'config-unknown-field',
        `Expected a value for a field of node "${node.name}" (${node.id}), found one for "${field}", which it does not have.`,
        { nodeId: node.id, nodeName: node.name, fieldId: field },
      );
    }
    changed = { ...changed, [list]: fields.map((f) => (fieldKey(f) === field ? { ...f, value } : f)) };
  }
  return changed;
}

/**
 * Applies a configuration that was given for one run: `{id, nodes}` as EAGLE keeps it. Other than with upstream's
 * `fill-config`, the graph need not have configurations of its own, the values given win over the active ones, and what
 * the graph does not have is an error.
 */
export function withConfiguration(
  graph: LogicalGraph,
  configuration: unknown,
  warn?: WarningSink,
): LogicalGraph {
  if (!isJsonObject(configuration) || !isJsonObject(configuration['nodes'])) {
    throw new GraphException(
      'config-malformed',
      `Expected a graph configuration (an object with "id" and "nodes"), found ${shown(configuration)}.`,
    );
  }
  let strange: TranslationWarning | undefined;
  const configured = applyActiveConfiguration(graph, warn);
  const filled = applyConfiguration(configured, configuration, (w) => (strange ??= w));
  if (strange !== undefined) {
    throw new GraphException(
      'config-unknown-node',
      strange.message.replace(/; (it is|they are) passed over\.$/, '.'),
      strange.place,
    );
  }
  return { ...filled, activeGraphConfigId: null };
}

/** The graph with another of its configurations active. Throws `config-malformed` for one it does not have. */
export function withActive(graph: LogicalGraph, id: string): LogicalGraph {
  const known = isJsonObject(graph.graphConfigurations) ? graph.graphConfigurations : {};
  if (!isJsonObject(known[id])) {
    throw new GraphException(
      'config-malformed',
      `Expected one of the graph's configurations (${Object.keys(known).join(', ') || 'it has none'}), found "${id}".`,
      { found: id },
    );
  }
  return { ...graph, activeGraphConfigId: id };
}
