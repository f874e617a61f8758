import type { AbstractDROP } from '../drop.ts';

/**
 * Names that a producer decides and its output takes over (spec/engine.md 4.7): for each input port of `drop` that is
 * also a parameter of it, the value of the producer's parameter at the other end of the link.
 *
 *   producer.parameters[outputPort] ──(port_map: inputPort -> outputPort)──> drop.parameters[inputPort]
 *
 * What is not there (a producer elsewhere, a port without a value) leaves the parameter as it is.
 */
export function mapInputPortsToParams(drop: AbstractDROP): void {
  const { parameters } = drop;
  const ports = portEntries(parameters['producers']);
  if (ports.length === 0) return;
  const map = isMap(parameters['port_map']) ? parameters['port_map'] : {};
  const producers = drop.producers;
  for (const [uid, inputPort] of ports) {
    if (!Object.hasOwn(parameters, inputPort)) continue;
    const producer = producers.find((one) => one.uid === uid || one.oid === uid);
    if (!producer) continue;
    const ofProducer = portEntries(producer.parameters['outputs']).find(
      ([to]) => to === drop.uid || to === drop.oid,
    );
    const outputPort = typeof map[inputPort] === 'string' ? map[inputPort] : ofProducer?.[1];
    if (outputPort === undefined) continue;
    const value = producer.parameters[outputPort];
    if (value !== undefined && value !== null) parameters[inputPort] = value;
  }
}

/** The entries of a relation list of a dropspec that name a port: `[{uid: port}, ...]`. */
function portEntries(list: unknown): [uid: string, port: string][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) =>
    isMap(entry)
      ? Object.entries(entry).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
      : [],
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
