/** Short names of drops (spec/engine.md 7.4). */

/** The part of a uid that people read: `2024-10-30T12:01:57_0140555b-..._0` -> `0140_0`. */
export function truncateUidToKey(uid: string): string {
  const first = uid.indexOf('_');
  if (first < 0) return uid;
  const rest = uid.slice(first + 1);
  const second = rest.indexOf('_');
  if (second < 0) return rest.slice(0, 4);
  return `${rest.slice(0, second).slice(0, 4)}_${rest.slice(second + 1)}`;
}
