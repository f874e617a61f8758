/** Long graphs are left in a file or written to one; whatever cannot be read is refused in words. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGraphSource } from '../../../engine/host/index.ts';

const text = JSON.stringify(
  Array.from({ length: 500 }, (_, i) => ({ oid: `drop ${i}`, categoryType: 'Data' })),
);
const HELD = 1000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

describe('a graph that is opened to be translated', () => {
  it('is held in memory when it is short', async () => {
    const file = await written('short.graph', '[]');
    const { graph } = await openGraphSource(file, HELD);
    expect(Buffer.from(graph as Uint8Array).toString('utf8')).toBe('[]');
  });

  it('stays where it is when it is long, and is not removed', async () => {
    const file = await written('long.graph', text);
    const opened = await openGraphSource(file, HELD);
    expect(opened.graph).toEqual({ file });
    await opened.close();
    expect(existsSync(file)).toBe(true);
  });

  it.each([
    ['gzip', gzipSync],
    ['zlib', deflateSync],
  ])('is unpacked aside when it is long and packed with %s, and removed afterwards', async (_name, pack) => {
    const file = await written('packed.graph.gz', pack(text));
    const opened = await openGraphSource(file, HELD);
    const { file: aside } = opened.graph as { file: string };
    expect(aside).not.toBe(file);
    expect(await readFile(aside, 'utf8')).toBe(text);
    await opened.close();
    expect(existsSync(aside)).toBe(false);
    const short = await openGraphSource(file);
    expect(Buffer.from(short.graph as Uint8Array).toString('utf8')).toBe(text);
  });

  it('is refused when it is missing, a folder, or broken', async () => {
    await expect(openGraphSource(path.join(folder, 'none'))).rejects.toThrow(/there is no such file/);
    await expect(openGraphSource(folder)).rejects.toThrow(/directory/);
    const packed = gzipSync(text);
    packed[packed.length - 5] = (packed[packed.length - 5] ?? 0) ^ 0xff;
    const broken = await written('broken.gz', packed);
    await expect(openGraphSource(broken, HELD)).rejects.toMatchObject({ code: 'GRAPH_NOT_JSON' });
  });
});
