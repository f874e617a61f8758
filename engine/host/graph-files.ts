/** Graph files of the user's: plain or packed, from a path or from standard input, with every refusal in words. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { MAX_GRAPH_BYTES } from '../graph/index.ts';
import { InvalidGraphException, messageOf, WeirError } from '../protocol/index.ts';
import { readBody, unpacked, type GraphFile } from '../api/index.ts';

/** The graph in a file; `-` is standard input. Throws FILE_UNREADABLE, GRAPH_TOO_LARGE. */
export async function readGraphFile(file: string): Promise<GraphFile> {
  if (file === '-')
    return {
      bytes: await unpacked(
        await readBody(process.stdin as AsyncIterable<Buffer>, MAX_GRAPH_BYTES),
        MAX_GRAPH_BYTES,
      ),
      name: 'stdin',
      origin: 'file',
    };
  const facts = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  if (facts.isDirectory())
    throw new WeirError('FILE_UNREADABLE', `${file} is a directory; a graph file was expected.`, {
      details: { file },
    });
  if (facts.size > MAX_GRAPH_BYTES)
    throw new InvalidGraphException(
      `${file} is ${(facts.size / 2 ** 30).toFixed(1)} GiB; at most ${(MAX_GRAPH_BYTES / 2 ** 30).toFixed(1)} GiB of graph can be run. Split it into several sessions.`,
      { details: { file, bytes: facts.size } },
      'GRAPH_TOO_LARGE',
    );
  try {
    const bytes = await readBody(
      createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>,
      MAX_GRAPH_BYTES,
    );
    return {
      bytes: await unpacked(bytes, MAX_GRAPH_BYTES),
      name: path.basename(file).replace(/\.gz$/, ''),
      origin: `file ${path.resolve(file)}`,
    };
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): WeirError {
  const code = (cause as { code?: string }).code;
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EACCES'
        ? 'this user may not read it'
        : messageOf(cause);
  return new WeirError('FILE_UNREADABLE', `The graph ${file} cannot be read: ${why}.`, {
    cause,
    details: { file },
  });
}
