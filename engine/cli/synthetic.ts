/**
 * Synthetic physical graphs for measuring: alternating memory drops and no-op applications, written as the translator
 * writes them. Made in slices straight into bytes: a million drops are some 300 MB of text.
 */
export const SHAPES = ['chain', 'fan', 'layered', 'cross'] as const;
export type Shape = (typeof SHAPES)[number];

const FAN_IN = 3;
/** About what a drop takes; more where it has many links. */
const BYTES_A_DROP = 480;

interface Plan {
  /** Rows of the graph: 1 for applications. */
  readonly isApp: Uint8Array;
  readonly links: Links;
}

/** Links from -> to, in typed arrays: objects by the million would weigh on the session that is measured afterwards. */
class Links {
  #pairs = new Int32Array(1024);
  count = 0;

  add(...rows: readonly number[]): void {
    for (let i = 0; i < rows.length; i += 2) {
      if (this.count * 2 === this.#pairs.length) {
        const wider = new Int32Array(this.#pairs.length * 2);
        wider.set(this.#pairs);
        this.#pairs = wider;
      }
      this.#pairs[this.count * 2] = rows[i] as number;
      this.#pairs[this.count * 2 + 1] = rows[i + 1] as number;
      this.count++;
    }
  }

  /** For every row the rows at the other ends of its links, in order: those it leads to, or those that lead to it. */
  by(side: 'from' | 'to', rows: number): { readonly first: Int32Array; readonly others: Int32Array } {
    const [mine, other] = side === 'from' ? [0, 1] : [1, 0];
    const first = new Int32Array(rows + 1);
    const count = (row: number) => (first[row] = (first[row] as number) + 1);
    for (let i = 0; i < this.count; i++) count((this.#pairs[2 * i + mine] as number) + 1);
    for (let row = 0; row < rows; row++) first[row + 1] = (first[row + 1] as number) + (first[row] as number);
    const next = first.slice();
    const others = new Int32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const row = this.#pairs[2 * i + mine] as number;
      others[next[row] as number] = this.#pairs[2 * i + other] as number;
      next[row] = (next[row] as number) + 1;
    }
    return { first, others };
  }
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
  const links = new Links();
  for (let i = 0; i < n; i++) {
    isApp[i] = i & 1;
    if (i > 0) links.add(i - 1, i);
  }
  return { isApp, links };
}

/** data -> app -> W data -> W apps -> W data -> app -> the rest. */
function fan(n: number): Plan {
  const width = Math.max(1, Math.floor((n - 4) / 3));
  const total = Math.max(n, 3 * width + 4);
  const isApp = new Uint8Array(total);
  const links = new Links();
  links.add(0, 1);
  isApp[1] = 1;
  const gather = 2 + 3 * width;
  isApp[gather] = 1;
  for (let w = 0; w < width; w++) {
    const [first, app, last] = [2 + w, 2 + width + w, 2 + 2 * width + w];
    isApp[app] = 1;
    links.add(1, first, first, app, app, last, last, gather);
  }
  for (let i = gather + 1; i < total; i++) links.add(gather, i);
  return { isApp, links };
}

/** Layers of W data and W applications; each application reads a few data drops of the layer before. */
function layered(n: number): Plan {
  const width = Math.max(2, Math.floor(Math.sqrt(n / 2)));
  const next = random(1);
  const isApp = new Uint8Array(n);
  const links = new Links();
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
        for (const input of inputs) links.add(input, app);
      }
    else if (layer > 0) rows.forEach((data, i) => links.add(before[i % before.length] as number, data));
    before = rows;
  }
  return { isApp, links };
}

const oid = (row: number, app: boolean) =>
  `2026-01-01T00:00:00_${app ? 'a' : 'd'}${String(row).padStart(7, '0')}_0`;

/** The text of a graph, as bytes. */
export async function syntheticGraph(shape: Shape, drops: number): Promise<Uint8Array> {
  const { isApp, links } = shape === 'chain' ? chain(drops) : shape === 'fan' ? fan(drops) : layered(drops);
  const out = links.by('from', isApp.length);
  const into = links.by('to', isApp.length);
  const ids = ({ first, others }: ReturnType<Links['by']>, row: number) =>
    Array.from(others.subarray(first[row], first[row + 1]), (other) => oid(other, isApp[other] === 1));
  // One buffer that grows: pieces to be joined would weigh twice as much on the Host that is measured.
  let whole = Buffer.allocUnsafeSlow(Math.max(1024, isApp.length * BYTES_A_DROP));
  let at = 0;
  const put = (text: string) => {
    if (at + text.length > whole.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(at + text.length, Math.ceil(whole.length * 1.25)));
      whole.copy(wider, 0, 0, at);
      whole = wider;
    }
    at += whole.write(text, at, 'latin1');
  };
  let text = '[';
  for (let row = 0; row < isApp.length; row++) {
    text += `${row > 0 ? ',\n' : ''}${dropText(row, isApp[row] === 1, ids(out, row), ids(into, row))}`;
    if ((row & 1023) !== 1023) continue;
    put(text);
    text = '';
    await new Promise((resolve) => setImmediate(resolve));
  }
  put(`${text}]`);
  return new Uint8Array(whole.buffer.transfer(at));
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
