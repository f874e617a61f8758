import { GInvalidLink } from './errors.ts';
import { isPortUsage } from './logical-graph.ts';
import type { ModelNode } from './model.ts';
import type { PrepLink } from './prepare.ts';

/** Name of the port of an id; of several, the first for applications and the last for data (spec/translator.md 6.3). */
export function portName(
  node: ModelNode,
  portId: string | undefined,
  direction: 'in' | 'out',
  isFirst: boolean,
): string | undefined {
  if (portId === undefined) return undefined;
  const matching = node.fields.filter((f) => f.id === portId && isPortUsage(f.usage, direction));
  return (isFirst ? matching[0] : matching.at(-1))?.name;
}

/** The port of links the translator adds. */
export function lastPort(node: ModelNode, direction: 'in' | 'out'): string | null {
  return node.fields.findLast((f) => isPortUsage(f.usage, direction))?.name ?? null;
}

/** A link that leaves or enters at a port that is not there. */
export function unknownPort(
  given: PrepLink,
  node: ModelNode,
  key: 'fromPort' | 'toPort',
  portId: string | undefined,
): GInvalidLink {
  const direction = key === 'fromPort' ? 'out' : 'in';
  const known = node.fields.filter((f) => isPortUsage(f.usage, direction)).map((f) => f.name);
  return new GInvalidLink(
    'link-unknown-port',
    `Expected link ${given.index + 1} to ${key === 'fromPort' ? 'leave' : 'enter'} "${node.name}" (${node.sourceId}) at one of its ` +
      `${direction}put ports (${known.join(', ') || 'it has none'}), found the port id ${portId ?? 'missing'}. Draw the link again.`,
    {
      link: given.index,
      fromId: given.from,
      toId: given.to,
      nodeId: node.sourceId,
      nodeName: node.name,
      fieldName: key,
      found: portId ?? 'nothing',
    },
    'GRAPH_DANGLING_LINK',
  );
}
