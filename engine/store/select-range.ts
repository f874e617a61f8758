/**
 * A page of a sorted list without sorting all of it: `order` is rearranged so that positions [from, to) hold what a full
 * sort would put there. Expected time is linear in the length for a narrow range.
 */

/** Negative where row `a` comes before row `b`; never 0 for different rows. */
export type RowOrder = (a: number, b: number) => number;

/** Ranges this short are sorted outright. */
const SHORT = 32;

export function selectRange(order: Uint32Array, from: number, to: number, compare: RowOrder): void {
  const pending: [number, number][] = [[0, order.length - 1]];
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    const [low, high] = range;
    if (high < from || low >= to || low >= high) continue;
    // A range that is wanted entirely, or is short, goes to the native sort.
    if (high - low < SHORT || (low >= from && high < to)) {
      order.subarray(low, high + 1).sort(compare);
      continue;
    }
    const split = partition(order, low, high, compare);
    pending.push([low, split], [split + 1, high]);
  }
}

/** Hoare's partition around the median of three: everything up to the result comes before everything after it. */
function partition(order: Uint32Array, low: number, high: number, compare: RowOrder): number {
  const pivot = median(order[low] ?? 0, order[(low + high) >>> 1] ?? 0, order[high] ?? 0, compare);
  let left = low - 1;
  let right = high + 1;
  for (;;) {
    do left++;
    while (compare(order[left] ?? 0, pivot) < 0);
    do right--;
    while (compare(order[right] ?? 0, pivot) > 0);
    // Less than `high`, because the median of three different rows is not the last of the range.
    if (left >= right) return right;
    const kept = order[left] ?? 0;
    order[left] = order[right] ?? 0;
    order[right] = kept;
  }
}

function median(a: number, b: number, c: number, compare: RowOrder): number {
  if (compare(a, b) < 0) {
    if (compare(b, c) < 0) return b;
    return compare(a, c) < 0 ? c : a;
  }
  if (compare(a, c) < 0) return a;
  return compare(b, c) < 0 ? c : b;
}
