import { isJsonObject, type JsonObject } from '../protocol/index.ts';
import { GraphException, shown, type WorkOptions } from './errors.ts';
import { fill } from './fill.ts';
import { mapToNodes, withoutEmptyReprodata } from './mapping.ts';
import { parseAlgorithmOptions, partition, PARTITION_ALGORITHMS } from './partition/index.ts';
import type { PartitionAlgorithm } from './partition/index.ts';
import { readLogicalGraph } from './read.ts';
import type { TranslationRules } from './rules.ts';
import { unroll } from './unroll.ts';

/**
 * What the routes of the translator do once their parameters and files have been read (spec/translator.md 16): from
 * form fields, which are all text, to the answer's body. Files, PGT ids and status codes are the server's.
 */
export type FormFields = Readonly<Record<string, string | undefined>>;

export interface RestOptions extends WorkOptions {
  /** The oid prefix when the request names none: the local time, as upstream has it. */
  readonly defaultPrefix: string;
  readonly rules?: TranslationRules;
}

/** `POST /lg_fill`: the graph with its parameters filled in; reproducibility data is added by the caller. */
export function fillFromForm(graph: string, form: FormFields): JsonObject {
  const parameters = parseJson(form['parameters'] ?? '{}', 'parameters');
  if (!isJsonObject(parameters)) {
    throw new GraphException(
      'option-invalid',
      `Expected "parameters" to be a JSON object of names and values, found ${shown(parameters)}.`,
      { fieldName: 'parameters', found: shown(parameters) },
    );
  }
  return readLogicalGraph(fill(graph, parameters));
}

/** `POST /unroll`: the physical graph template of a logical graph. */
export function unrollFromForm(graph: unknown, form: FormFields, options: RestOptions): JsonObject[] {
  const prefix = form['oid_prefix'];
  const app = form['default_app'];
  const pgt = unroll(readLogicalGraph(graph), {
    oidPrefix: prefix === undefined || prefix === '' ? options.defaultPrefix : prefix,
    zeroRun: isTrue(form['zero_run']),
    ...(app === undefined || app === '' ? {} : { appClass: app }),
    ...(options.rules === undefined ? {} : { rules: options.rules }),
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return withoutEmptyReprodata(pgt);
}

/** `POST /partition`: the template with `node` and `island`; the algorithm's options are heeded, unlike upstream. */
export function partitionFromForm(pgt: unknown, form: FormFields, options: RestOptions): JsonObject[] {
  const algorithm = (form['algorithm'] ?? form['algo'] ?? 'metis') as PartitionAlgorithm;
  if (!PARTITION_ALGORITHMS.includes(algorithm)) {
    throw new GraphException(
      'algorithm-unknown',
      `Expected one of the algorithms ${PARTITION_ALGORITHMS.join(', ')}, found ${shown(algorithm)}.`,
      { fieldName: 'algorithm', found: algorithm },
    );
  }
  const given = form['algo_params'];
  const parameters = given === undefined || given === '' ? {} : parseJson(given, 'algo_params');
  if (!isJsonObject(parameters)) {
    throw new GraphException(
      'option-invalid',
      `Expected "algo_params" to be a JSON object, found ${shown(parameters)}.`,
      { fieldName: 'algo_params', found: shown(parameters) },
    );
  }
  const json: unknown = typeof pgt === 'string' ? parseJson(pgt, 'pgt_content') : pgt;
  return partition(json, {
    algorithm,
    numPartitions: wholeNumber(form, 'num_partitions', 1),
    numIslands: wholeNumber(form, 'num_islands', 1),
    ...parseAlgorithmOptions(parameters),
    ...(options.rules === undefined ? {} : { rules: options.rules }),
    signal: options.signal,
    onProgress: options.onProgress,
  }).pgt;
}

/** `POST /unroll_and_partition`. */
export function unrollAndPartitionFromForm(
  graph: unknown,
  form: FormFields,
  options: RestOptions,
): JsonObject[] {
  return partitionFromForm(unrollFromForm(graph, form, options), form, options);
}

/** `POST /map`: hosts for indices. `nodes` is a comma list; without it the caller has asked the manager for `hosts`. */
export function mapFromForm(pgt: unknown, form: FormFields, hosts: readonly string[] = []): JsonObject[] {
  const listed = (form['nodes'] ?? '')
    .split(',')
    .map((n) => n.trim())
    .filter((n) => n !== '');
  const json: unknown = typeof pgt === 'string' ? parseJson(pgt, 'pgt_content') : pgt;
  return mapToNodes(json, listed.length > 0 ? listed : hosts, wholeNumber(form, 'num_islands', 1));
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GraphException(
      'not-json',
      `Expected "${name}" to be JSON, found ${shown(text)}.`,
      { fieldName: name },
      'GRAPH_NOT_JSON',
      cause,
    );
  }
}

function wholeNumber(form: FormFields, name: string, fallback: number): number {
  const text = form[name];
  if (text === undefined || text === '') return fallback;
  if (/^\s*\d+\s*$/.test(text)) return Number(text);
  throw new GraphException(
    'option-invalid',
    `Expected "${name}" to be a whole number, found ${shown(text)}.`,
    {
      fieldName: name,
      expected: 'whole number',
      found: text,
    },
  );
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(true|1|on|yes|t|y)$/i.test(text.trim());
}
