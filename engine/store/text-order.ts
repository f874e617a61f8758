/**
 * Sorting a million texts is mostly comparing long equal beginnings. Two shortcuts: few different texts become their ranks;
 * else, where all is ASCII, the six bytes behind the common beginning become a number that decides nearly always.
 */
import { isAscii } from 'node:buffer';
import type { TextBlock } from './drop-columns.ts';
import type { RowOrder } from './select-range.ts';
import { allTexts } from './text-column.ts';

/** Different texts up to which ranks are used. */
const FEW = 4096;
const KEY_BYTES = 6;

/** Order of rows by their texts (UTF-16 units, as JavaScript compares), equal ones by row. */
export function textOrder(blocks: readonly TextBlock[], rowCount: number, isDescending: boolean): RowOrder {
  const sign = isDescending ? -1 : 1;
  const ranks = ranksOf(blocks, rowCount);
  if (ranks !== undefined) return (a, b) => sign * ((ranks[a] ?? 0) - (ranks[b] ?? 0)) || a - b;
  const keys = keysOf(blocks, rowCount);
  let texts: readonly string[] | undefined;
  return (a, b) => {
    const difference = (keys?.[a] ?? 0) - (keys?.[b] ?? 0);
    if (difference !== 0) return sign * difference;
    texts ??= blocks.flatMap((block) => allTexts(block.texts));
    const [left, right] = [texts[a] ?? '', texts[b] ?? ''];
    if (left < right) return -sign;
    return left > right ? sign : a - b;
  };
}

/** Rank of every text among the different ones, or undefined where those are many. */
function ranksOf(blocks: readonly TextBlock[], rowCount: number): Uint16Array | undefined {
  const places = new Map<string, number>();
  const ids = new Uint16Array(rowCount);
  for (const block of blocks) {
    const texts = allTexts(block.texts);
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i] ?? '';
      let id = places.get(text);
      if (id === undefined) {
        id = places.size;
        if (id === FEW) return undefined;
        places.set(text, id);
      }
      ids[block.firstRow + i] = id;
    }
  }
  const rankOfId = new Uint16Array(places.size);
  for (const [rank, text] of [...places.keys()].sort().entries()) rankOfId[places.get(text) ?? 0] = rank;
  return ids.map((id) => rankOfId[id] ?? 0);
}

/** The bytes behind the common beginning as numbers; undefined where there is more than ASCII. */
function keysOf(blocks: readonly TextBlock[], rowCount: number): Float64Array | undefined {
  if (!blocks.every((block) => isAscii(block.texts.bytes))) return undefined;
  const skip = commonLength(blocks);
  const keys = new Float64Array(rowCount);
  for (const { firstRow, count, texts } of blocks) {
    for (let i = 0; i < count; i++) {
      const from = (texts.offsets[i] ?? 0) + skip;
      const to = texts.offsets[i + 1] ?? 0;
      let key = 0;
      for (let at = from; at < from + KEY_BYTES; at++)
        key = key * 256 + (at < to ? (texts.bytes[at] ?? 0) : 0);
      keys[firstRow + i] = key;
    }
  }
  return keys;
}

/** How many bytes all texts begin with alike. */
function commonLength(blocks: readonly TextBlock[]): number {
  const [head] = blocks;
  if (head === undefined) return 0;
  const first = head.texts.bytes;
  let length = head.texts.offsets[1] ?? 0;
  for (const { count, texts } of blocks) {
    for (let i = 0; i < count; i++) {
      const from = texts.offsets[i] ?? 0;
      length = Math.min(length, (texts.offsets[i + 1] ?? 0) - from);
      let alike = 0;
      while (alike < length && texts.bytes[from + alike] === first[alike]) alike++;
      length = alike;
    }
  }
  return length;
}
