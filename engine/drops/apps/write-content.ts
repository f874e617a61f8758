import { createReadStream } from 'node:fs';
import type { DataDROP } from '../data-drop.ts';
import type { PyContent } from '../python/index.ts';

/** Writes a result of Python to an output: as text where it is text and the drop keeps text. */
export async function writeContent(drop: DataDROP, content: PyContent): Promise<void> {
  const carried = await content.carried();
  const isText = drop.buftype === 'str' && (content.encoding === 'utf-8' || content.encoding === 'eval');
  if (carried.kind === 'bytes') {
    const { data } = carried;
    await drop.writeOrThrow(
      isText ? Buffer.from(data.buffer, data.byteOffset, data.length).toString() : data,
    );
    return;
  }
  const encoding = isText ? 'utf8' : undefined;
  for await (const piece of createReadStream(carried.path, { encoding, highWaterMark: 1 << 20 }))
    await drop.writeOrThrow(piece as Buffer | string);
}
