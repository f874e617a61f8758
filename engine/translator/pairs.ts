/**
 * Which drop of one node is joined to which drop of another (spec/translator.md 6.1). Drops of a node are numbered in
 * creation order, so every rule is arithmetic on two numbers and nothing is stored per edge.
 */
export interface Pairs {
  /** Number of edges. */
  readonly size: number;
  /** Two rules of one kind between the same nodes are equal when their keys are. */
  readonly key: string;
  forTargets(source: number, visit: (target: number) => void): void;
  forSources(target: number, visit: (source: number) => void): void;
}

/** Every `of`-th number, counting from `take`. */
export interface Filter {
  readonly of: number;
  readonly take: number;
}

const ALL: Filter = { of: 1, take: 0 };

/**
 * Chunks of `width` sources feed one target each:  s0 s1 s2 | s3 s4 s5  ->  t0 | t1.
 * `filter` keeps only some positions inside each chunk.
 */
export function fanIn(sources: number, targets: number, width: number, filter: Filter = ALL): Pairs {
  const used = Math.min(sources, targets * width);
  return {
    size: countKept(used, width, filter),
    key: `in:${width}:${filter.of}:${filter.take}`,
    forTargets: (source, visit) => {
      if (source < used && (source % width) % filter.of === filter.take) visit(Math.floor(source / width));
    },
    forSources: (target, visit) => {
      const end = Math.min(used, (target + 1) * width);
      for (let s = target * width + filter.take; s < end; s += filter.of) visit(s);
    },
  };
}

/** One source feeds a chunk of `width` targets: the mirror image of `fanIn`. */
export function fanOut(sources: number, targets: number, width: number, filter: Filter = ALL): Pairs {
  const mirror = fanIn(targets, sources, width, filter);
  return {
    size: mirror.size,
    key: `out:${width}:${filter.of}:${filter.take}`,
    forTargets: (source, visit) => mirror.forSources(source, visit),
    forSources: (target, visit) => mirror.forTargets(target, visit),
  };
}

function countKept(total: number, width: number, filter: Filter): number {
  const kept = (n: number): number =>
    n <= filter.take ? 0 : Math.floor((n - 1 - filter.take) / filter.of) + 1;
  return Math.floor(total / width) * kept(width) + kept(total % width);
}

/** The end of one iteration feeds the start of the next, per run of `length` iterations. */
export function nextIteration(count: number, length: number): Pairs {
  return {
    size: Math.floor(count / length) * (length - 1),
    key: `next:${length}`,
    forTargets: (source, visit) => {
      if (source % length < length - 1) visit(source + 1);
    },
    forSources: (target, visit) => {
      if (target % length > 0) visit(target - 1);
    },
  };
}

/**
 * Sources reach a Gather in batches of `width`; every `segment` sources (the ones of one surrounding instance) start a
 * new batch. Without surrounding construct the segment is the whole, as upstream has it.
 */
export function gatherInto(sources: number, segment: number, width: number): Pairs {
  if (segment % width === 0 || segment >= sources) {
    return fanIn(sources, Math.ceil(sources / width), width);
  }
  const batches = Math.ceil(segment / width);
  return {
    size: sources,
    key: `gather:${segment}:${width}`,
    forTargets: (source, visit) => {
      visit(Math.floor(source / segment) * batches + Math.floor((source % segment) / width));
    },
    forSources: (target, visit) => {
      const start = Math.floor(target / batches) * segment + (target % batches) * width;
      const end = Math.min(start + width, (Math.floor(target / batches) + 1) * segment, sources);
      for (let s = start; s < end; s++) visit(s);
    },
  };
}

/** Every source of block b feeds every target of block b + `shift`. */
export function blocks(
  sources: number,
  targets: number,
  sourceWidth: number,
  targetWidth: number,
  shift: number,
): Pairs {
  const forTargets: Pairs['forTargets'] = (source, visit) => {
    const start = (Math.floor(source / sourceWidth) + shift) * targetWidth;
    const end = Math.min(start + targetWidth, targets);
    for (let t = start; t < end; t++) visit(t);
  };
  let size = 0;
  for (let b = 0; b * sourceWidth < sources; b++) {
    const inBlock = Math.min(sourceWidth, sources - b * sourceWidth);
    size += inBlock * Math.max(0, Math.min(targetWidth, targets - (b + shift) * targetWidth));
  }
  return {
    size,
    key: `blocks:${sourceWidth}:${targetWidth}:${shift}`,
    forTargets,
    forSources: (target, visit) => {
      const block = Math.floor(target / targetWidth) - shift;
      if (block < 0) return;
      const end = Math.min((block + 1) * sourceWidth, sources);
      for (let s = block * sourceWidth; s < end; s++) visit(s);
    },
  };
}

/** Sources and targets with equal keys are joined, each with each. Keys are small whole numbers. */
export function equalKeys(sourceKeys: Int32Array, targetKeys: Int32Array, name: string): Pairs {
  let classes = 0;
  for (const k of sourceKeys) classes = Math.max(classes, k + 1);
  for (const k of targetKeys) classes = Math.max(classes, k + 1);
  const s = bucket(sourceKeys, classes);
  const t = bucket(targetKeys, classes);
  let size = 0;
  for (let k = 0; k < classes; k++) {
    size += ((s.start[k + 1] ?? 0) - (s.start[k] ?? 0)) * ((t.start[k + 1] ?? 0) - (t.start[k] ?? 0));
  }
  const each = (b: Buckets, key: number, visit: (n: number) => void): void => {
    const end = b.start[key + 1] ?? 0;
    for (let i = b.start[key] ?? 0; i < end; i++) visit(b.items[i] ?? 0);
  };
  return {
    size,
    key: `keys:${name}`,
    forTargets: (source, visit) => each(t, sourceKeys[source] ?? 0, visit),
    forSources: (target, visit) => each(s, targetKeys[target] ?? 0, visit),
  };
}

interface Buckets {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

function bucket(keys: Int32Array, classes: number): Buckets {
  const start = new Int32Array(classes + 1);
  for (const k of keys) start[k + 1] = (start[k + 1] ?? 0) + 1;
  for (let k = 0; k < classes; k++) start[k + 1] = (start[k + 1] ?? 0) + (start[k] ?? 0);
  const next = start.slice();
  const items = new Int32Array(keys.length);
  keys.forEach((k, i) => {
    const at = next[k] ?? 0;
    items[at] = i;
    next[k] = at + 1;
  });
  return { start, items };
}
