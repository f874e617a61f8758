/** The sample graphs that come with Weir: files in resources/samples, described in its index.json. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WeirError } from '../protocol/index.ts';
import type { GraphFile, Sample, Samples } from '../api/index.ts';

interface IndexEntry extends Sample {
  readonly file: string;
}

export function sampleFolder(dir: string): Samples {
  const index = async (): Promise<readonly IndexEntry[]> =>
    JSON.parse(await readFile(path.join(dir, 'index.json'), 'utf8')) as IndexEntry[];
  return {
    list: async () => (await index()).map(({ file: _file, ...sample }) => sample),
    read: async (id): Promise<GraphFile> => {
      const entry = (await index()).find((sample) => sample.id === id);
      if (!entry)
        throw new WeirError('FILE_UNREADABLE', `There is no sample graph "${id}".`, { details: { id } });
      return {
        bytes: new Uint8Array(await readFile(path.join(dir, entry.file))),
        name: entry.name,
        origin: 'sample',
      };
    },
  };
}
