/** What a file is, by how it begins: only that is looked at, whether it holds is found out after. Pure. */

export const FileKind = {
  GRAPH: 'graph',
  PROOF: 'proof',
  CONSISTENCY: 'consistency',
  BUNDLE: 'bundle',
  REPRODATA: 'reprodata',
  DATA: 'data',
} as const;
export type FileKind = (typeof FileKind)[keyof typeof FileKind];

/** Enough of a file to see what it is. */
export const HEAD_BYTES = 65_536;

const ZIP = [0x50, 0x4b, 3, 4];
const GZIP = [0x1f, 0x8b];

const beginsWith = (head: Uint8Array, bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => head[i] === byte);

/** The kind of a file from its first bytes. `name` decides for packed files, which show nothing of what is in them. */
export function kindOfFile(head: Uint8Array, name: string): FileKind {
  if (beginsWith(head, ZIP)) return 'bundle';
  if (beginsWith(head, GZIP)) return /\.(graph|json|pgt?)\.gz$/i.test(name) ? 'graph' : 'data';
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.includes('"type":"weir-consistency-proof"')) return 'consistency';
  if (text.startsWith('{') && text.includes('"type":"weir-proof"')) return 'proof';
  if (/^\[\s*\{\s*"[^"]*"\s*:\s*\{\s*"(oid|reprodata)"/.test(text)) return 'reprodata';
  // What calls itself a graph is opened as one, so that what is wrong with it is said.
  if (/\.(graph|pgt?)$/i.test(name)) return 'graph';
  if (/^\[\s*(\]|\{)/.test(text))
    return /"(oid|categoryType|dropclass|reprodata)"|^\[\s*\]/.test(text) ? 'graph' : 'data';
  return text.startsWith('{') && /"(modelData|nodeDataArray|linkDataArray|nodes|edges)"/.test(text)
    ? 'graph'
    : 'data';
}
