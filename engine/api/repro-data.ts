/** What `GET /api/sessions/SESSION/repro/data` gives: the two elements of the session's `reprodata.out`, under their names. */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Session } from '../session/index.ts';

const CHUNK = 2 ** 20;
/** How the file begins, what is between its two elements, and how it ends (spec/reproducibility.md 9.8). */
const [HEAD, BETWEEN, TAIL] = ['[\n    {', '},\n    {', '\n]'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
];

/**
 * The answer as a stream, however large the file is; undefined where the session is not over or has no such file: then
 * there is only what was submitted. Waits for a file that is being written.
 */
export async function reproData(
  session: Pick<Session, 'isOver' | 'recorded' | 'dir'>,
): Promise<Readable | undefined> {
  if (!session.isOver) return undefined;
  await session.recorded();
  const file = await open(path.join(session.dir, 'reprodata.out')).catch(() => undefined);
  if (file === undefined) return undefined;
  const { size } = await file.stat();
  const between = (await hasEnds(file, size)) ? await lastPlace(file, size) : undefined;
  if (between !== undefined) return Readable.from(answer(file, between, size));
  await file.close();
  return undefined;
}

async function hasEnds(file: FileHandle, size: number): Promise<boolean> {
  const head = await bytesOf(file, 0, HEAD.length);
  const tail = await bytesOf(file, Math.max(0, size - TAIL.length), TAIL.length);
  return head.equals(HEAD) && tail.equals(TAIL);
}

/**
 * Where the first element ends. Only there a brace stands so far to the left: texts in the file have no line breaks, and
 * what is inside the elements is farther to the right.
 */
async function lastPlace(file: FileHandle, size: number): Promise<number | undefined> {
  for (let end = size; end > HEAD.length;) {
    const from = Math.max(HEAD.length - 1, end - CHUNK);
    const at = (await bytesOf(file, from, end - from)).lastIndexOf(BETWEEN);
    if (at >= 0) return from + at;
    if (from === HEAD.length - 1) return undefined;
    end = from + BETWEEN.length - 1;
  }
  return undefined;
}

async function* answer(file: FileHandle, between: number, size: number): AsyncGenerator<Buffer> {
  try {
    yield Buffer.from('{"graph": ');
    yield* range(file, HEAD.length - 1, between + 1);
    yield Buffer.from(', "reprodata": ');
    yield* range(file, between + BETWEEN.length - 1, size - TAIL.length);
    yield Buffer.from('}');
  } finally {
    await file.close();
  }
}

async function* range(file: FileHandle, from: number, end: number): AsyncGenerator<Buffer> {
  for (let at = from; at < end;) {
    const bytes = await bytesOf(file, at, Math.min(CHUNK, end - at));
    // The file got shorter: a cut answer is no JSON, and so is seen to be cut.
    if (bytes.length === 0) throw new Error('reprodata.out became shorter while it was read');
    yield bytes;
    at += bytes.length;
  }
}

async function bytesOf(file: FileHandle, from: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, from);
  return buffer.subarray(0, bytesRead);
}
