/** Small graphs for code to be compiled by: chains of memory drops and applications that do nothing. */

/** Inputs of an application, as far back as there are so many. */
const FAN_IN = 3;

/** Drops of a chain: making one takes some milliseconds, its copies next to nothing. */
const CHAIN = 500;

/** JSON of so many drops, as the translator writes them. */
export function practiceGraph(drops: number): string {
  const whole = drops < CHAIN ? '' : chain(CHAIN);
  const chains: string[] = [];
  for (let left = drops; left > 0; left -= CHAIN)
    chains.push((left < CHAIN ? chain(left) : whole).replaceAll('_0"', `_${chains.length}"`));
  return `[${chains.join(',')}]`;
}

/** The specs of one chain without the brackets. All its oids end in `_0`. */
function chain(drops: number): string {
  const oid = (i: number) => `practice_${i % 2 === 0 ? 'd' : 'a'}${String(i).padStart(6, '0')}_0`;
  const ports = (rows: readonly number[]) =>
    rows.filter((i) => i >= 0 && i < drops).map((i) => ({ [oid(i)]: 'io' }));
  const near = Array.from({ length: FAN_IN }, (_, k) => 2 * k + 1);
  const spec = (i: number) => ({
    oid: oid(i),
    name: i % 2 === 0 ? 'data' : 'app',
    categoryType: i % 2 === 0 ? 'Data' : 'Application',
    dropclass: i % 2 === 0 ? 'dlg.data.drops.memory.InMemoryDROP' : 'dlg.apps.simple.NullBarrierApp',
    lg_key: i % 2 === 0 ? 'd' : 'a',
    rank: [i >> 1],
    weight: 1,
    node: 'localhost',
    ...(i % 2 === 0
      ? { consumers: ports(near.map((k) => i + k)), producers: ports([i - 1]) }
      : { inputs: ports(near.map((k) => i - k)), outputs: ports([i + 1]) }),
  });
  return Array.from({ length: drops }, (_, i) => JSON.stringify(spec(i))).join();
}
