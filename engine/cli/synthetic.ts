/**
 * Synthetic physical graphs for measuring: alternating memory drops and no-op applications, written as the translator
 * writes them. Made in slices straight into bytes: a million drops are some 300 MB of text.
 */
export const SHAPES = ['chain', 'fan', 'layered', 'cross'] as const;
export type Shape = (typeof SHAPES)[number];

const FAN_IN = 3;

interface Plan {
  /** Rows of the graph: true for applications. */
  readonly isApp: Uint8Array;
  /** Links from -> to, in pairs. */
  readonly links: number[];
}

/** Deterministic numbers for the layered shape (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function chain(n: number): Plan {
  const isApp = new Uint8Array(n);
  const links: number[] = [];
  for (let i = 0; i < n; i++) {
    isApp[i] = i & 1;
    if (i > 0) links.push(i - 1, i);
  }
  return { isApp, links };
}

/** data -> app -> W data -> W apps -> W data -> app -> the rest. */
function fan(n: number): Plan {
  const width = Math.max(1, Math.floor((n - 4) / 3));
  const total = Math.max(n, 3 * width + 4);
  const isApp = new Uint8Array(total);
  const links: number[] = [0, 1];
  isApp[1] = 1;
  const gather = 2 + 3 * width;
  isApp[gather] = 1;
  for (let w = 0; w < width; w++) {
    const [first, app, last] = [2 + w, 2 + width + w, 2 + 2 * width + w];
    isApp[app] = 1;
    links.push(1, first, first, app, app, last, last, gather);
  }
  for (let i = gather + 1; i < total; i++) links.push(gather, i);
  return { isApp, links };
}

/** Layers of W data and W applications; each application reads a few data drops of the layer before. */
function layered(n: number): Plan {
  const width = Math.max(2, Math.floor(Math.sqrt(n / 2)));
  const next = random(1);
  const isApp = new Uint8Array(n);
  const links: number[] = [];
  let before: number[] = [];
  for (let row = 0, layer = 0; row < n; layer++) {
    const rows = Array.from({ length: Math.min(width, n - row) }, (_, i) => row + i);
    row += rows.length;
    if (layer % 2 === 1)
      for (const app of rows) {
        isApp[app] = 1;
        const inputs = new Set(
          Array.from({ length: FAN_IN }, () => before[Math.floor(next() * before.length)] as number),
        );
        for (const input of inputs) links.push(input, app);
      }
    else if (layer > 0) rows.forEach((data, i) => links.push(before[i % before.length] as number, data));
    before = rows;
  }
  return { isApp, links };
}

const oid = (row: number, app: boolean) =>
  `2026-01-01T00:00:00_${app ? 'a' : 'd'}${String(row).padStart(7, '0')}_0`;

/** The text of a graph, as bytes. */
export async function syntheticGraph(shape: Shape, drops: number): Promise<Uint8Array> {
  const { isApp, links } = shape === 'chain' ? chain(drops) : shape === 'fan' ? fan(drops) : layered(drops);
  const out: string[][] = Array.from({ length: isApp.length });
  const into: string[][] = Array.from({ length: isApp.length });
  for (let i = 0; i < links.length; i += 2) {
    const [from, to] = [links[i] as number, links[i + 1] as number];
    (out[from] ??= []).push(oid(to, isApp[to] === 1));
    (into[to] ??= []).push(oid(from, isApp[from] === 1));
  }
  const chunks: Buffer[] = [];
  let text = '[';
  for (let row = 0; row < isApp.length; row++) {
    text += `${row > 0 ? ',\n' : ''}${dropText(row, isApp[row] === 1, out[row] ?? [], into[row] ?? [])}`;
    if ((row & 1023) === 1023) {
      chunks.push(Buffer.from(text));
      text = '';
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  chunks.push(Buffer.from(`${text}]`));
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

function dropText(row: number, app: boolean, out: readonly string[], into: readonly string[]): string {
  const ports = (ids: readonly string[]) => `[${ids.map((id) => `{"${id}":"io"}`).join(',')}]`;
  const head = app
    ? '"name":"app","categoryType":"Application","category":"DALiuGEApp","dropclass":"dlg.apps.simple.NullBarrierApp","num_cpus":1,"group_start":false,"execution_time":1'
    : '"name":"data","categoryType":"Data","category":"Memory","dropclass":"dlg.data.drops.memory.InMemoryDROP","storage":"Memory"';
  const [forward, backward] = app ? ['outputs', 'inputs'] : ['consumers', 'producers'];
  return (
    `{"oid":"${oid(row, app)}",${head},"iid":"0","lg_key":"${app ? 'a' : 'd'}","rank":[0],"loop_ctx":null,"weight":1,"node":"localhost","island":"localhost"` +
    `${out.length > 0 ? `,"${forward}":${ports(out)}` : ''}${into.length > 0 ? `,"${backward}":${ports(into)}` : ''}}`
  );
}
