/** `weir sign`: the signature of a graph at a stage, as the commands of upstream would leave it in the graph. */
import { Option, type Command } from 'commander';
import { readGraphFile } from '../../host/index.ts';
import { isJsonObject, WeirError } from '../../protocol/index.ts';
import {
  keysOf,
  parsePythonJson,
  parseRMode,
  pythonRepr,
  rflagCaster,
  rmodeText,
  setKey,
  signaturesOf,
  signLogicalGraph,
  signPhysicalGraph,
  stringifyPythonJson,
  type PyObject,
  type SignResult,
} from '../../reproducibility/index.ts';
import { takeSteps } from '../../translator/index.ts';
import { print, printJson } from '../output.ts';
import { partsText, signParts } from './sign-parts.ts';

type Stage = 'lg' | 'pgt' | 'pg';

interface Options {
  readonly json?: boolean;
  readonly rmode?: string;
  readonly stage: Stage;
  readonly prefix: string;
  readonly nodes: string;
  readonly full?: boolean;
}

export function signCommand(program: Command): void {
  program
    .command('sign')
    .argument(
      '<graph...>',
      'graph file of any kind; "-" reads standard input, .gz is unpacked. Several files: the reprodata.out files or bundles of the nodes that ran parts of one session, and where needed its whole physical graph',
    )
    .description(
      'print the signature of a graph at a stage of its translation, or of a session that ran on several nodes',
    )
    .option('--rmode <mode>', "reproducibility mode: name or number, or ALL (default: the graph's own)")
    .addOption(
      new Option('--stage <stage>', 'logical graph, partitioned template or physical graph')
        .choices(['lg', 'pgt', 'pg'])
        .default('lg'),
    )
    .option('-p, --prefix <prefix>', 'prefix of the drop ids', '1')
    .option('-N, --nodes <island,node>', 'hosts of the pg stage', 'localhost,localhost')
    .option('--full', 'add the records of every drop')
    .option('--json', 'print one JSON document')
    .action(async (files: string[], options: Options) => {
      if (files.length > 1) return signSession(files, options);
      const [file = '-'] = files;
      const { bytes, name } = await readGraphFile(file);
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
      const { result, records } = signText(text, name, options);
      if (options.json) {
        const document = options.full ? { ...result, drops: records } : { ...result };
        print(stringifyPythonJson(document));
      } else print(textOf(result));
    });
}

async function signSession(files: readonly string[], options: Options): Promise<void> {
  const signed = await signParts(files);
  if (options.json) {
    const { result, ...about } = signed;
    printJson({ ...(result ?? { rmode: 'NOTHING' }), ...about });
  } else print(partsText(signed));
}

interface Signed {
  readonly result: SignResult;
  /** Reproducibility data by id of node or drop. */
  readonly records: PyObject;
}

function signText(text: string, name: string, options: Options): Signed {
  const graph = parse(text, name);
  const mode = options.rmode === undefined ? undefined : parseRMode(options.rmode);
  if (Array.isArray(graph)) return signList(graph as object[], name, options);
  if (!isJsonObject(graph)) throw notGraph(name);
  if (options.stage === 'lg') {
    const own = (graph['reprodata'] as PyObject | undefined)?.['rmode'];
    const result = signLogicalGraph(graph, mode === undefined ? own : rmodeText(mode));
    return { result, records: recordsOf((graph['nodeDataArray'] ?? []) as PyObject[], 'id') };
  }
  const own = (graph['reprodata'] as PyObject | undefined)?.['rmode'];
  const rmode = mode ?? (typeof own === 'string' ? parseRMode(own) : 'NOTHING');
  const { texts } = takeSteps(text, {
    rmode,
    unroll: { oidPrefix: options.prefix },
    isStepwise: true,
    partition: { algorithm: 'metis', numPartitions: 1, numIslands: 1 },
    ...(options.stage === 'pg' && { map: { hosts: hostsOf(options.nodes), islands: 1 } }),
  });
  return signed(parsePythonJson([...texts].join('')) as unknown as PyObject[]);
}

function hostsOf(text: string): string[] {
  const hosts = text.split(',');
  if (hosts.length !== 2 || hosts.includes(''))
    throw new WeirError(
      'USAGE',
      `-N takes an island and a node, e.g. localhost,localhost, but "${text}" was given.`,
    );
  return hosts;
}

function parse(text: string, name: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (cause) {
    throw new WeirError(
      'GRAPH_NOT_JSON',
      `${name} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** A list of drops has gone through stages already; the last of them is done again. */
function signList(list: object[], name: string, options: Options): Signed {
  if (!list.every(isJsonObject)) throw notGraph(name);
  if (options.stage === 'lg')
    throw new WeirError(
      'USAGE',
      `${name} is a physical graph; it has no logical stage. Use --stage pgt or pg.`,
    );
  const last = list.at(-1) as PyObject | undefined;
  const found = last === undefined || Object.hasOwn(last, 'oid') ? undefined : last['rmode'];
  const own = typeof found === 'string' || typeof found === 'number' ? rflagCaster(found) : undefined;
  if (options.rmode !== undefined && own !== undefined && parseRMode(options.rmode) !== own)
    throw new WeirError(
      'REPRO_INVALID',
      `${name} was made with the R-mode ${own}; another needs its logical graph.`,
    );
  signPhysicalGraph(list, options.stage);
  return signed(list);
}

function signed(list: PyObject[]): Signed {
  const repro = list.at(-1);
  const drops = list.filter((drop) => Object.hasOwn(drop, 'oid'));
  return { result: signaturesOf(repro ?? {}), records: recordsOf(drops, 'oid') };
}

function recordsOf(items: readonly PyObject[], id: string): PyObject {
  const records: PyObject = {};
  for (const item of items) {
    const key = item[id];
    setKey(records, typeof key === 'string' ? key : pythonRepr(key), item['reprodata']);
  }
  return records;
}

function notGraph(name: string): WeirError {
  return new WeirError(
    'GRAPH_INVALID',
    `${name} is no graph: an object with nodes or a list of drops was expected.`,
  );
}

function textOf(result: SignResult): string {
  if (result.signatures === undefined) return `${result.rmode} ${result.signature ?? '(none)'}`;
  return keysOf(result.signatures)
    .map((mode) => `${mode} ${result.signatures?.[mode as never] ?? '(none)'}`)
    .join('\n');
}
