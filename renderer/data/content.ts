/** What the bytes of a drop are, and how to show them. Pure. */

export type ContentKind = 'empty' | 'png' | 'jpeg' | 'json' | 'text' | 'binary';

/** Bytes of base64 text. */
export function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/**
 * The text in `bytes`, or undefined when they are not UTF-8 text. A character cut at either end of the piece is allowed
 * for; control characters other than white space are not text.
 */
export function textOf(bytes: Uint8Array, isCutAtStart = false, isCutAtEnd = false): string | undefined {
  let start = 0;
  if (isCutAtStart) while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const text = decoder.decode(bytes.subarray(start), { stream: isCutAtEnd });
    // eslint-disable-next-line no-control-regex -- these are the characters that text does not contain
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** What the beginning of a content is. `isWhole`: these are all the bytes. */
export function kindOf(bytes: Uint8Array, isWhole: boolean): ContentKind {
  if (bytes.length === 0) return 'empty';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  const text = textOf(bytes, false, !isWhole);
  if (text === undefined) return 'binary';
  return isWhole && /^\s*[[{]/.test(text) && prettyJson(text) !== undefined ? 'json' : 'text';
}

/** JSON text with line breaks and indents, or undefined when it is not JSON. */
export function prettyJson(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** A hex dump: offset, sixteen bytes, the printable characters. `offset` is that of the first byte. */
export function hexDump(bytes: Uint8Array, offset = 0): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const left = Array.from(row.subarray(0, 8), (byte) => hex(byte, 2)).join(' ');
    const right = Array.from(row.subarray(8), (byte) => hex(byte, 2)).join(' ');
    const characters = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·',
    ).join('');
    lines.push(`${hex(offset + at, 8)}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${characters}`);
  }
  return lines.join('\n');
}
