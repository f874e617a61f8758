/** Ways a graph, or any other file, comes to the window, as sources the Host understands. */
import type { GraphSource } from '../../engine/api/contract.ts';
import type { Client } from '../data/client.ts';
import { HostError } from '../data/errors.ts';
import { HEAD_BYTES, kindOfFile, type FileKind } from '../data/file-kind.ts';
import { S } from '../strings.ts';

/** What a browser may hand over as text: with the escapes of JSON it fits the 64 MiB a Host takes in one request. */
export const MAX_TEXT_BYTES = 48_000_000;

/** A chosen or dropped file: by path where the Host can read it itself, else its text. */
export async function sourceOfFile(client: Client, file: File): Promise<GraphSource> {
  const path = client.bridge?.pathForFile?.(file);
  if (path) return { path };
  if (file.size > MAX_TEXT_BYTES) {
    throw new HostError('GRAPH_TOO_LARGE', S.dropZone.tooLarge(file.size, MAX_TEXT_BYTES));
  }
  try {
    return { text: await file.text(), name: file.name };
  } catch {
    throw new HostError('FILE_UNREADABLE', S.dropZone.unreadable(file.name));
  }
}

/** A file as it was handed over: by its path where the Host can read it itself. */
export type OpenedFile = { readonly path: string } | { readonly file: File };

/** Asks for a file: the desktop's dialog, or the browser's. Undefined when the person changed their mind. */
export async function chooseAnyFile(client: Client): Promise<OpenedFile | undefined> {
  if (client.bridge?.openGraphDialog !== undefined) {
    const chosen = await client.bridge.openGraphDialog();
    return chosen === null ? undefined : { path: chosen.path };
  }
  const file = await chooseFile();
  return file === undefined ? undefined : openedFile(client, file);
}

/** A chosen or dropped file: by path where there is one. */
export function openedFile(client: Client, file: File): OpenedFile {
  const path = client.bridge?.pathForFile?.(file);
  return path ? { path } : { file };
}

/** What kind of file it is: the Host looks at paths, this window at what a browser handed over. Throws FILE_UNREADABLE. */
export async function kindOfOpened(client: Client, opened: OpenedFile): Promise<FileKind> {
  if ('path' in opened) return (await client.call('files.kind', { path: opened.path })).kind;
  const { file } = opened;
  try {
    return kindOfFile(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()), file.name);
  } catch {
    throw new HostError('FILE_UNREADABLE', S.dropZone.unreadable(file.name));
  }
}

function chooseFile(): Promise<File | undefined> {
  const input = document.createElement('input');
  input.type = 'file';
  return new Promise((resolve) => {
    input.addEventListener('change', () => resolve(input.files?.[0]));
    input.addEventListener('cancel', () => resolve(undefined));
    input.click();
  });
}

/** The one file in what was dropped. Throws with a sentence when there is none, or several. */
export function droppedFile(transfer: DataTransfer | null): File {
  const files = [...(transfer?.files ?? [])];
  const [file] = files;
  if (file === undefined) throw new HostError('USAGE', S.dropZone.notAFile);
  if (files.length > 1) throw new HostError('USAGE', S.dropZone.oneOnly);
  return file;
}
