import type { Json } from '../protocol/index.ts';
import type { ByteSource } from './byte-source.ts';
import { checkCancelled, type WorkOptions } from './errors.ts';
import type { DropFacts } from './outline.ts';
import {
  graphFromColumns,
  IntList,
  kindOfType,
  linkList,
  oidsIn,
  repeatedOid,
  togetherOf,
  unknownOid,
  wholeOr,
  type DropGraph,
} from './partition/index.ts';
import { ElementReader, elementsOf, valueAt, type WantedKey } from './pgt-scan.ts';
import { indexIn } from './places.ts';
import { textOf } from './text.ts';

/** What partitioning and mapping need to know of a physical graph whose text is not held. */
export interface PgtColumns {
  readonly size: number;
  /** Bit 0: the drop has `node`; bit 1: `island`. */
  readonly hasPlace: Uint8Array;
  /** Numbers behind `#`; -1 where there is none, `MALFORMED_PLACE` where there is something else than text. */
  readonly node: Int32Array;
  readonly island: Int32Array;
  /** Numbers of the elements that are no drops: the graph's reproducibility data, as a rule the last. */
  readonly others: ReadonlySet<number>;
  /** Whether the graph carries reproducibility data of some mode. */
  readonly isSigned: boolean;
  graph(): DropGraph;
  oidOf(drop: number): string;
  factsOf(drop: number): Omit<DropFacts, 'part'>;
}

const OUT_KEYS = ['streamingConsumers', 'consumers', 'outputs'] as const;
const PROGRESS_EVERY = 4096;

/** Texts by number: each is kept once. */
class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#numbers.set(text, number);
    this.#texts.push(text);
    return number;
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }
}

/** Collects the columns of drops one by one. Oids are numbered as they are met, as drops or in links. */
class Collector {
  readonly oids = new Texts();
  readonly words = new Texts();
  /** By number of the oid: which drop it is, from 1; 0 for one that was only named. */
  readonly dropOf = new IntList(1024);
  readonly oid = new IntList(1024);
  readonly name = new IntList(1024);
  readonly lgKey = new IntList(1024);
  readonly dropclass = new IntList(1024);
  readonly kind = new IntList(1024);
  readonly weight: number[] = [];
  readonly cpus: number[] = [];
  readonly node = new IntList(1024);
  readonly island = new IntList(1024);
  readonly hasPlace = new IntList(1024);
  readonly linkStart = new IntList(1024);
  readonly links = new IntList(1024);
  readonly tags = new Map<number, string>();
  readonly others = new Set<number>();
  isSigned = false;
  size = 0;

  /** Takes the values of one element; elements without oid are no drops. */
  add(values: ReadonlyMap<WantedKey, unknown>, index: number): void {
    const oid = values.get('oid');
    if (typeof oid !== 'string') {
      this.others.add(index);
      if (values.has('rmode')) this.isSigned = true;
      return;
    }
    const number = this.#oidNumber(oid);
    if (this.dropOf.at(number) !== 0) throw repeatedOid(oid);
    this.dropOf.set(number, this.size + 1);
    this.oid.push(number);
    const key = values.get('lg_key');
    this.lgKey.push(typeof key === 'string' ? this.words.numberOf(key) : -1);
    this.name.push(this.words.numberOf(textOf(values.get('name'))));
    this.dropclass.push(this.words.numberOf(textOf(values.get('dropclass'))));
    const type = values.get('categoryType');
    const bits = kindOfType(type ?? values.get('type'));
    this.kind.push(bits | (type === 'Service' ? 4 : 0) | (values.has('weight') ? 8 : 0));
    this.weight.push(wholeOr(values.get('weight') as Json | undefined, 1));
    this.cpus.push(wholeOr(values.get('num_cpus') as Json | undefined, 1));
    this.node.push(placeIndex(values.get('node')));
    this.island.push(placeIndex(values.get('island')));
    this.hasPlace.push((values.has('node') ? 1 : 0) | (values.has('island') ? 2 : 0));
    const tag = values.get('exclusive_force_node');
    if (typeof tag === 'string') this.tags.set(this.size, tag);
    this.#addLinks(oid, values);
    this.size++;
  }

  #oidNumber(oid: string): number {
    const number = this.oids.numberOf(oid);
    if (number === this.dropOf.length) this.dropOf.push(0);
    return number;
  }

  #addLinks(drop: string, values: ReadonlyMap<WantedKey, unknown>): void {
    this.linkStart.push(this.links.length);
    OUT_KEYS.forEach((key, k) => {
      for (const oid of oidsIn(linkList(drop, key, values.get(key)))) this.#addLink(oid, k);
    });
  }

  #addLink(oid: string, key: number): void {
    this.links.push(this.#oidNumber(oid) * OUT_KEYS.length + key);
  }
}

/** Stands for a `node` or `island` that is no text. */
export const MALFORMED_PLACE = -2;

function placeIndex(value: unknown): number {
  const isUsable = value === undefined || value === null || typeof value === 'string';
  return isUsable ? indexIn(value) : MALFORMED_PLACE;
}

/**
 * Reads a physical graph once, keeping numbers only: about a hundred bytes and the oid for each drop, whatever the
 * length of its text. Throws `not-json`, `pgt-malformed`; what links lead to is checked when the graph is asked for.
 */
export function readColumns(source: ByteSource, work: WorkOptions = {}): PgtColumns {
  const found = new Collector();
  const reader = new ElementReader();
  const values = new Map<WantedKey, unknown>();
  let bytes: Uint8Array = new Uint8Array(0);
  const visit = (key: WantedKey, start: number, end: number): void => {
    values.set(key, valueAt(bytes, start, end));
  };
  for (const element of elementsOf(source)) {
    if (element.index % PROGRESS_EVERY === 0) {
      checkCancelled(work.signal);
      work.onProgress?.({ phase: 'read', done: element.index, total: 0 });
    }
    values.clear();
    bytes = element.bytes;
    reader.read(element, visit);
    found.add(values, element.index);
  }
  return new Columns(found);
}

class Columns implements PgtColumns {
  readonly size: number;
  readonly hasPlace: Uint8Array;
  readonly node: Int32Array;
  readonly island: Int32Array;
  readonly others: ReadonlySet<number>;
  readonly isSigned: boolean;
  readonly #found: Collector;

  constructor(found: Collector) {
    this.#found = found;
    this.size = found.size;
    this.hasPlace = Uint8Array.from(found.hasPlace.values());
    this.node = found.node.values();
    this.island = found.island.values();
    this.others = found.others;
    this.isSigned = found.isSigned;
  }

  graph(): DropGraph {
    const found = this.#found;
    const { size } = this;
    const bits = found.kind.values();
    const oidOf = (drop: number): string => this.oidOf(drop);
    return graphFromColumns(
      {
        kind: Uint8Array.from(bits, (b) => b & 3),
        isService: Uint8Array.from(bits, (b) => ((b & 4) === 0 ? 0 : 1)),
        hasWeight: Uint8Array.from(bits, (b) => ((b & 8) === 0 ? 0 : 1)),
        weight: Float64Array.from(found.weight),
        cpus: Float64Array.from(found.cpus),
        together: togetherOf(size, (i) => found.tags.get(i)),
      },
      {
        oidOf,
        nameOf: (drop) => found.words.text(found.name.at(drop)),
        lgKeyOf: (drop) => this.factsOf(drop).lgKey,
      },
      size,
      function* targetsOf(i) {
        const end = i + 1 < size ? found.linkStart.at(i + 1) : found.links.length;
        for (let e = found.linkStart.at(i); e < end; e++) {
          const link = found.links.at(e);
          const number = Math.floor(link / OUT_KEYS.length);
          const target = found.dropOf.at(number) - 1;
          if (target < 0)
            throw unknownOid(oidOf(i), OUT_KEYS[link % OUT_KEYS.length] ?? '', found.oids.text(number));
          yield target;
        }
      },
      found.links.length,
    );
  }

  oidOf(drop: number): string {
    return this.#found.oids.text(this.#found.oid.at(drop));
  }

  factsOf(drop: number): Omit<DropFacts, 'part'> {
    const { lgKey, name, dropclass, kind, words, oids, oid } = this.#found;
    const key = lgKey.at(drop);
    return {
      name: words.text(name.at(drop)) || oids.text(oid.at(drop)),
      isApp: (kind.at(drop) & 3) !== 0,
      dropclass: words.text(dropclass.at(drop)),
      lgKey: key < 0 ? undefined : words.text(key),
    };
  }
}
