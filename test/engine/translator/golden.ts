import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Reading the results of the real system and reducing ours to the same figures (golden/translator/README.md). */

const shared = path.resolve('..', 'shared');
export const graphsDir = path.join(shared, 'graphs', 'translator');
export const goldenDir = path.join(shared, 'golden', 'translator');
export const hasGolden = existsSync(goldenDir) && existsSync(graphsDir);

export function goldenNames(folder: string, suffix = '.json'): string[] {
  if (!hasGolden) return [];
  return readdirSync(path.join(goldenDir, folder))
    .filter((f) => f.endsWith(suffix))
    .map((f) => f.slice(0, -suffix.length));
}

// Test data has the shape the README describes; its values are compared, never trusted.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

export function readGolden(...parts: string[]): Loose {
  return JSON.parse(readFileSync(path.join(goldenDir, ...parts), 'utf8'));
}

export function readGraphText(name: string): string {
  return readFileSync(path.join(graphsDir, `${name.replace(/\.graph$/, '')}.graph`), 'utf8');
}

type Drop = Record<string, Loose>;

const OUT_KEYS = ['outputs', 'consumers', 'streamingConsumers'];
const IN_KEYS = ['inputs', 'producers', 'streamingInputs'];

function entries(drop: Drop, keys: readonly string[]): [string, string | null][] {
  const found: [string, string | null][] = [];
  for (const key of keys) {
    for (const item of drop[key] ?? []) {
      if (typeof item === 'string') found.push([item, null]);
      else for (const [oid, port] of Object.entries(item)) found.push([oid, port as string | null]);
    }
  }
  return found;
}

function digest(lines: Iterable<string>, sorted = true): string {
  const list = [...lines];
  if (sorted) list.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const hash = createHash('sha256');
  list.forEach((line, i) => {
    if (i > 0) hash.update('\n');
    hash.update(line);
  });
  return hash.digest('hex');
}

function identity(oid: string): string {
  return oid.replace(/^GOLD_/, '');
}

/** The figures of a PGT that the golden summaries hold. */
export function summarise(pgt: readonly Drop[], lg: Loose): Record<string, Loose> {
  const drops = pgt.slice(0, -1);
  const lgIds = new Set<string>(lg.nodeDataArray.map((n: Loose) => String(n.id)));
  const gathers = new Set<string>(
    lg.nodeDataArray.filter((n: Loose) => n.category === 'Gather').map((n: Loose) => String(n.id)),
  );
  const index = new Map(drops.map((d, i) => [d.oid as string, i]));
  const parts = drops.map((d) => {
    const id = identity(d.oid);
    const at = id.indexOf('_');
    const lgId = id.slice(0, at);
    return { id, lgId: lgIds.has(lgId) ? lgId : `~${d.name}`, key: lgId, suffix: id.slice(at + 1) };
  });
  const isGatherTarget = (i: number): boolean => gathers.has(parts[i]?.key ?? '');
  const successors: number[][] = drops.map(() => []);
  const inDegree = new Int32Array(drops.length);
  const edgeLines = new Set<string>();
  const outLines = new Set<string>();
  const inLines = new Set<string>();
  const edgesByKind: Record<string, number> = {};
  const mirror = new Set<string>();
  drops.forEach((drop, i) => {
    const seen = new Set<number>();
    for (const [oid, port] of entries(drop, OUT_KEYS)) {
      const j = index.get(oid);
      if (j === undefined) throw new Error(`unknown oid ${oid}`);
      if (!isGatherTarget(j)) outLines.add(`${parts[i]?.id}\t${parts[j]?.id}\t${port ?? ''}`);
      if (seen.has(j)) continue;
      seen.add(j);
      successors[i]?.push(j);
      inDegree[j] = (inDegree[j] ?? 0) + 1;
      edgeLines.add(`${parts[i]?.id}\t${parts[j]?.id}`);
      const kind = `${drop.categoryType}>${drops[j]?.categoryType}`;
      edgesByKind[kind] = (edgesByKind[kind] ?? 0) + 1;
    }
    for (const [oid, port] of entries(drop, IN_KEYS)) {
      const j = index.get(oid);
      if (j === undefined) throw new Error(`unknown oid ${oid}`);
      mirror.add(`${parts[j]?.id}\t${parts[i]?.id}`);
      if (!isGatherTarget(i)) inLines.add(`${parts[j]?.id}\t${parts[i]?.id}\t${port ?? ''}`);
    }
  });
  const count = (key: string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const d of drops) {
      const k = String(d[key] ?? '');
      counts[k] = (counts[k] ?? 0) + 1;
    }
    return counts;
  };
  const { depth, isDag, widths } = levels(successors, inDegree);
  const shown = (v: Loose): string => (v === null || v === undefined ? '' : String(v));
  const line = (d: Drop, i: number): string =>
    [
      d.name,
      d.categoryType,
      d.category,
      parts[i]?.lgId,
      parts[i]?.suffix,
      d.loop_ctx,
      d.weight,
      d.num_cpus,
      inDegree[i],
      successors[i]?.length,
    ]
      .map(shown)
      .join('\t');
  const nodeLines = drops.map(line);
  return {
    drops: drops.length,
    edges: edgeLines.size,
    mirrorConsistent: mirror.size === edgeLines.size && [...mirror].every((m) => edgeLines.has(m)),
    edgesByKind,
    byCategoryType: count('categoryType'),
    byDropclass: count('dropclass'),
    roots: inDegree.filter((d) => d === 0).length,
    leaves: successors.filter((s) => s.length === 0).length,
    isDag,
    ...(isDag ? { depth, levelWidths: widths } : {}),
    orderDigest: digest(
      parts.map((p) => p.id),
      false,
    ),
    degreeDigest: digest(
      drops.map((d, i) => `${d.name}\t${inDegree[i]}\t${successors[i]?.length}\t${parts[i]?.suffix}`),
    ),
    nodeDigest: digest(nodeLines),
    edgeDigest: digest(edgeLines),
    portOutDigest: digest(outLines),
    portInDigest: digest(inLines),
    nodeRows: nodeLines,
    edgeRows: [...edgeLines],
  };
}

function levels(
  successors: number[][],
  inDegree: Int32Array,
): { depth: number; isDag: boolean; widths: number[] } {
  const left = inDegree.slice();
  const level = new Int32Array(left.length).fill(1);
  const queue: number[] = [];
  left.forEach((d, i) => {
    if (d === 0) queue.push(i);
  });
  const widths: number[] = [];
  for (let at = 0; at < queue.length; at++) {
    const i = queue[at] ?? 0;
    const l = level[i] ?? 1;
    widths[l - 1] = (widths[l - 1] ?? 0) + 1;
    for (const j of successors[i] ?? []) {
      level[j] = Math.max(level[j] ?? 1, l + 1);
      left[j] = (left[j] ?? 0) - 1;
      if (left[j] === 0) queue.push(j);
    }
  }
  return { depth: widths.length, isDag: queue.length === left.length, widths };
}

/** A PGT in the form in which two of them can be compared: golden/translator/README.md, "Comparing complete PGTs". */
export function normalise(
  pgt: readonly Drop[],
  gatherIds: ReadonlySet<string>,
  slim: boolean,
): Map<string, Loose> {
  const byOid = new Map<string, Loose>();
  for (const drop of pgt.slice(0, -1)) {
    const out: Drop = {};
    const isGather = (oid: string): boolean => {
      const id = identity(oid);
      return gatherIds.has(id.slice(0, id.indexOf('_')));
    };
    for (const [key, value] of Object.entries(drop)) {
      if (key === 'reprodata') continue;
      if (slim && ['fields', 'applicationArgs', 'constraintParams', 'componentParams'].includes(key))
        continue;
      if (OUT_KEYS.includes(key) || IN_KEYS.includes(key)) {
        const pairs = entries(drop, [key]).map(([oid, port]) =>
          (key === 'consumers' && isGather(oid)) || (key === 'inputs' && isGather(drop.oid))
            ? oid
            : `${oid}\t${port ?? 'null'}`,
        );
        out[key] = [...new Set(pairs)].sort();
      } else if (key === 'ports') {
        out[key] = [...new Set(value.map((p: Loose) => `${p.oid}\t${p.direction}`))].sort();
      } else out[key] = value;
    }
    byOid.set(drop.oid, out);
  }
  return byOid;
}
