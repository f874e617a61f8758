/** Ids for sessions that nobody named: people can read them, and each is another one. */

/** Bytes of UTF-8 of what an id is named after; the rest of the 255 that it may have is for the time. */
const NAME_BYTES = 200;

let counter = 0;

/** The graph's name and the time, e.g. hello_2026-11-25T18-20-07-123. */
export function newSessionId(graphName: string): string {
  const name = graphName.replace(/\.(graph|json)$/i, '').replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return `${shortened(name) || 'session'}_${stamp()}`;
}

/** An id for a session that repeats another: its name and the time. */
export function rerunId(sessionId: string): string {
  return `${shortened(sessionId.replace(/_rerun_[\dT-]+$/, ''))}_rerun_${stamp()}`;
}

/** Now, as a part of names of files, with a number after the first of this process: no two are the same. */
function stamp(): string {
  const now = new Date().toISOString().replace(/[:.]/g, '-').replace('Z', '');
  return `${now}${counter++ === 0 ? '' : `-${counter}`}`;
}

/** The beginning of a name, not cut within a letter. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES) return name;
  return Buffer.from(name)
    .subarray(0, NAME_BYTES)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
