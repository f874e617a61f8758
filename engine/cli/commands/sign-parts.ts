/** `weir sign` of what several nodes wrote of one session: one signature, as one node would have given it. */
import { verifyBundle } from '../../api/index.ts';
import { readGraphFile } from '../../host/index.ts';
import { WeirError } from '../../protocol/index.ts';
import {
  canonicalSignatures,
  mergeRecords,
  mergeReprodata,
  parseDropRecord,
  parsePythonJson,
  parseReprodataOut,
  signaturesOf,
  type PyObject,
  type RecordPart,
  type ReproPart,
  type SignResult,
} from '../../reproducibility/index.ts';
import { readUserFile } from '../user-files.ts';

/** What one of the files is. */
interface Part {
  readonly name: string;
  readonly repro?: ReproPart;
  readonly records?: RecordPart;
  /** The whole physical graph. */
  readonly whole?: readonly PyObject[];
}

export interface SignedParts {
  /** DALiuGE's signatures; null where the parts have no reproducibility data, or only some of them. */
  readonly result: SignResult | null;
  /** Weir's own, where all parts are bundles. */
  readonly canonical: Readonly<Record<string, string>> | null;
  readonly parts: readonly { readonly file: string; readonly drops: number }[];
  /** Relations between drops of different parts. */
  readonly crossing: number;
}

/**
 * Signs the parts of one session: `reprodata.out` files, bundles, and at most one physical graph, the whole one. Throws
 * USAGE for a file that is none of these, BUNDLE_INVALID for a bundle that does not verify, REPRO_INVALID for parts that
 * do not belong together.
 */
export async function signParts(files: readonly string[]): Promise<SignedParts> {
  const read: Part[] = [];
  for (const file of files) read.push(await readPart(file));
  const wholes = read.filter(({ whole }) => whole !== undefined);
  const parts = read.filter(({ whole }) => whole === undefined);
  if (wholes.length > 1)
    throw new WeirError(
      'USAGE',
      `${wholes.map(({ name }) => name).join(' and ')} are physical graphs; beside the parts of a session only its whole graph is of use.`,
    );
  if (parts.length === 0)
    throw new WeirError('USAGE', 'Give the parts of a session: reprodata.out files or bundles of its nodes.');
  const whole = wholes[0]?.whole;
  const repro = parts.flatMap(({ repro: one }) => (one ? [one] : []));
  const records = parts.flatMap(({ records: one }) => (one ? [one] : []));
  const merged = repro.length === parts.length ? mergeReprodata(repro, whole) : undefined;
  const own = records.length === parts.length ? mergeRecords(records, whole) : undefined;
  if (!merged && !own)
    throw new WeirError(
      'REPRO_INVALID',
      'Some of the parts are bundles without a reprodata.out and some are reprodata.out files; give either of all nodes.',
    );
  return {
    result: merged && hasMode(merged.reprodata) ? signaturesOf(merged.reprodata) : null,
    canonical: own ? canonicalSignatures(own.records) : null,
    parts: parts.map((part) => ({
      file: part.name,
      drops: part.repro?.drops.size ?? part.records?.records.length ?? 0,
    })),
    crossing: merged?.crossing ?? own?.crossing ?? 0,
  };
}

const hasMode = (reprodata: PyObject): boolean =>
  typeof reprodata['rmode'] === 'string' && reprodata['rmode'] !== '0';

async function readPart(file: string): Promise<Part> {
  const head = await readUserFile(file);
  if (head[0] === 0x50 && head[1] === 0x4b) return bundlePart(file, head);
  const { bytes } = await readGraphFile(file);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const list = parsed(text, file);
  if (Array.isArray(list) && isGraph(list as PyObject[])) return { name: file, whole: list as PyObject[] };
  return { name: file, repro: { name: file, ...parseReprodataOut(text, file) } };
}

function parsed(text: string, file: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (cause) {
    throw new WeirError(
      'REPRO_INVALID',
      `${file} is truncated or not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** A physical graph is a list of drops; `reprodata.out` is a list of two objects that are none. */
function isGraph(list: readonly PyObject[]): boolean {
  const [first] = list;
  return typeof first === 'object' && first !== null && typeof first['oid'] === 'string';
}

function bundlePart(file: string, bytes: Buffer): Part {
  const { valid, problems, contents } = verifyBundle(bytes);
  if (!valid || !contents) {
    const [first] = problems;
    throw new WeirError(
      'BUNDLE_INVALID',
      `${file} does not verify: ${first ? `${first.entry}: ${first.message}` : 'it is no bundle.'}`,
      { details: { problems } },
    );
  }
  const graph = parsed(contents.graph.toString('utf8'), `The graph in ${file}`) as PyObject[];
  const text = contents.reprodataOut?.toString('utf8');
  return {
    name: file,
    ...(text !== undefined && {
      repro: { name: file, ...parseReprodataOut(text, `reprodata.out of ${file}`) },
    }),
    records: {
      name: file,
      records: contents.recordTexts.map((one, i) => parseDropRecord(one, `Record ${i} of ${file}`)),
      specs: graph.filter((spec) => typeof spec['oid'] === 'string'),
    },
  };
}

/** The signatures in words. */
export function partsText({ result, canonical, parts, crossing }: SignedParts): string {
  const lines = parts.map(({ file, drops }) => `${file}: ${drops} drops`);
  lines.push(
    crossing === 0
      ? 'No relation crosses the parts; if the session had some, give its whole physical graph too.'
      : `${crossing} relations cross the parts.`,
  );
  if (result?.signatures)
    for (const [mode, signature] of Object.entries(result.signatures))
      lines.push(`${mode} ${signature ?? '(none)'}`);
  else if (result) lines.push(`${result.rmode} ${result.signature ?? '(none)'}`);
  for (const [mode, signature] of Object.entries(canonical ?? {}))
    lines.push(`Weir's own ${mode} ${signature}`);
  return lines.join('\n');
}
