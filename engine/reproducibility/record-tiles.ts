/**
 * Records that are made of specification and state, as they are kept for proofs: those of RECORDS_PER_TILE drops together,
 * one line each, deflated; records of neighbours are nearly the same text. The line of a drop whose record is kept with its
 * outcome is empty. A tile without any text is not kept at all.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export const RECORDS_PER_TILE = 256;

/**
 * Tiles of the lines of drops, the first of which is a multiple of RECORDS_PER_TILE: the lines as UTF-8, a newline behind
 * each, and where each begins, with the end of the last one's newline as one more.
 */
export function packRecordTiles(lines: Uint8Array, starts: Uint32Array): Uint8Array[] {
  const tiles: Uint8Array[] = [];
  const count = starts.length - 1;
  for (let at = 0; at < count; at += RECORDS_PER_TILE) {
    const next = Math.min(count, at + RECORDS_PER_TILE);
    const [from, end] = [starts[at] as number, (starts[next] as number) - 1];
    // Nothing but newlines between empty lines.
    const isEmpty = end - from === next - at - 1;
    tiles.push(
      isEmpty ? new Uint8Array(0) : new Uint8Array(deflateRawSync(lines.subarray(from, end), { level: 1 })),
    );
  }
  return tiles;
}

/** The lines of a tile; none of one that was not kept. Throws what zlib throws for one that was altered. */
export function recordTileLines(tile: Uint8Array): string[] {
  return tile.length === 0 ? [] : inflateRawSync(tile).toString('utf8').split('\n');
}
