/** Finds out what an opened file is and whether it holds: asks the Host, or hashes here what a browser cannot hand over. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { FileFindings } from '../../engine/api/contract.ts';
import { S } from '../strings.ts';
import type { Client } from './client.ts';
import { HostError } from './errors.ts';
import { HEAD_BYTES, kindOfFile } from './file-kind.ts';
import { hex } from './signed-notes.ts';

/** What may go over to the Host in one request, in base64. */
export const MAX_SENT_BYTES = 40_000_000;

/** Told how much of a large file has been read. */
type OnProgress = (doneBytes: number) => void;

/** Looks at a file that a browser handed over. Throws FILE_UNREADABLE, FILE_TOO_LARGE. */
export async function lookAtBrowserFile(
  client: Client,
  file: File,
  onProgress: OnProgress,
): Promise<FileFindings> {
  try {
    const kind = kindOfFile(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()), file.name);
    const isSent = kind !== 'data' && kind !== 'graph';
    if (isSent && file.size > MAX_SENT_BYTES)
      throw new HostError('FILE_TOO_LARGE', S.file.tooLarge(file.name, file.size, MAX_SENT_BYTES));
    if (isSent) {
      const base64 = await base64Of(file);
      return await client.call('files.look', { source: { name: file.name, base64 } });
    }
    // Data stays where it is: its hash is all the history needs.
    const hash = await hashOf(file, onProgress);
    const { made } = await client.call('history.trace', { sha256: hash });
    const nothing = { proof: null, bundle: null, reprodata: null };
    return { name: file.name, sizeBytes: file.size, sha256: hash, kind, ...nothing, made };
  } catch (error) {
    // What the browser throws when a file went away or may not be read.
    if (error instanceof DOMException)
      throw new HostError('FILE_UNREADABLE', S.dropZone.unreadable(file.name));
    throw error;
  }
}

async function hashOf(file: File, onProgress: OnProgress): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (let done = 0; ;) {
    const { value } = await reader.read();
    if (value === undefined) return hex(hash.digest());
    hash.update(value);
    done += value.length;
    onProgress(done);
  }
}

/** Base64 of a blob, by way of a data URL: the browser's own code does it, and no string is built by hand. */
export function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const url = reader.result as string;
      resolve(url.slice(url.indexOf(',') + 1));
    });
    reader.addEventListener('error', () => reject(reader.error ?? new DOMException('unreadable')));
    reader.readAsDataURL(blob);
  });
}
