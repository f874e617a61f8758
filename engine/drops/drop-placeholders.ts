/**
 * Placeholders of commands that stand for drops (seed `replace_*placeholders`, spec/engine.md 6.6, 7.1). Inputs and
 * outputs are maps or lists of drops; positions count in their order. How commands of applications are put together,
 * with quoting, is in apps/placeholders.ts.
 */
import type { AbstractDROP } from './drop.ts';
import type { DataDROP } from './data-drop.ts';

/** Whether something has a path: a file, a directory, shared memory. */
export function hasPath(value: unknown): value is { readonly path: string } {
  return typeof (value as { path?: unknown } | null | undefined)?.path === 'string';
}

/** Drops by uid, or in a list. */
export type Drops = Readonly<Record<string, AbstractDROP>> | readonly AbstractDROP[];

function listOf(drops: Drops): AbstractDROP[] {
  return Array.isArray(drops) ? [...(drops as readonly AbstractDROP[])] : Object.values(drops);
}

/** Replaces `{uid}` by the path of that drop, or its data URL where it has no path. */
export function replacePlaceholders(command: string, inputs: Drops, outputs: Drops): string {
  let text = command;
  for (const drop of [...listOf(inputs), ...listOf(outputs)])
    text = text.replaceAll(`{${drop.uid}}`, hasPath(drop) ? drop.path : (drop as DataDROP).dataURL);
  return text;
}

/** Replaces `%iN`, `%oN`, `%i[UID]` and `%o[UID]` by paths; positions count the drops that have one. */
export function replacePathPlaceholders(command: string, inputs: Drops, outputs: Drops): string {
  const paths = (drops: Drops): [string, string][] =>
    listOf(drops)
      .filter((drop) => hasPath(drop))
      .map((drop) => [drop.uid, (drop as unknown as { path: string }).path]);
  return replaceLegacy(replaceLegacy(command, '%i', paths(inputs)), '%o', paths(outputs));
}

/** Replaces `%iDataURLN`, `%oDataURLN` and the forms with `[UID]` by data URLs; positions count drops without a path. */
export function replaceDataurlPlaceholders(command: string, inputs: Drops, outputs: Drops): string {
  const urls = (drops: Drops): [string, string][] =>
    listOf(drops)
      .filter((drop) => !hasPath(drop))
      .map((drop) => [drop.uid, (drop as DataDROP).dataURL]);
  return replaceLegacy(replaceLegacy(command, '%iDataURL', urls(inputs)), '%oDataURL', urls(outputs));
}

/** One pass, so that what was put in is not replaced again, and `%i1` leaves `%i10` alone. */
function replaceLegacy(
  command: string,
  prefix: string,
  values: readonly [uid: string, text: string][],
): string {
  const byUid = new Map(values);
  return command.replaceAll(
    new RegExp(`${prefix}(?:(\\d+)|\\[([^\\]]+)\\])`, 'g'),
    (whole, position: string | undefined, uid: string | undefined) =>
      (position === undefined ? byUid.get(uid as string) : values[Number(position)]?.[1]) ?? whole,
  );
}
