/** From a graph of any kind to a physical graph that can be deployed here. */
import type { GraphFile, GraphInspection } from '../api/index.ts';
import type { GraphParser } from '../graph/index.ts';
import { InvalidGraphException, isWeirError, messageOf } from '../protocol/index.ts';

const BRACE = 0x7b;

/** The first byte that is no white space (or byte order mark): "{" for a logical graph, "[" for lists of drops. */
function firstByte(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++;
  return bytes[at] ?? -1;
}

export function isLogical(file: GraphFile): boolean {
  return firstByte(file.bytes) === BRACE;
}

export async function toPhysical(file: GraphFile, _rmode: string): Promise<GraphFile> {
  if (isLogical(file))
    throw new InvalidGraphException(`${file.name} is a logical graph; it must be translated first.`);
  return file;
}

/** What a graph is and whether it can be run, without running it. */
export async function inspectGraph(file: GraphFile, parser: GraphParser): Promise<GraphInspection> {
  try {
    const physical = await toPhysical(file, 'NOTHING');
    const graph = await parser.parse(physical.bytes.slice());
    return {
      kind: isLogical(file) ? 'logical' : 'physical',
      name: file.name,
      drops: graph.count,
      problems: [],
    };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    const listed = error.details['problems'];
    const problems = Array.isArray(listed)
      ? (listed as { code: string; message: string }[])
      : [{ code: error.code as string, message: messageOf(error) }];
    return { kind: isLogical(file) ? 'logical' : 'physical', name: file.name, drops: 0, problems };
  }
}
