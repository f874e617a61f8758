import type { JsonObject } from '../../protocol/index.ts';
import { GPGTException, shown, type WorkOptions } from '../errors.ts';
import type { TranslationRules } from '../rules.ts';

export const PARTITION_ALGORITHMS = [
  'none',
  'metis',
  'mysarkar',
  'min_num_parts',
  'pso',
  'measured',
] as const;
export type PartitionAlgorithm = (typeof PARTITION_ALGORITHMS)[number];

/** Options of a partitioning, by upstream's names (spec/translator.md 11.1). */
export interface AlgorithmOptions {
  /** metis: 0 least edge cut, 1 least communication volume. */
  readonly min_goal?: number;
  /** metis: 0 k-way, 1 recursive bisection. */
  readonly ptype?: number;
  /** metis: higher = stricter balance. */
  readonly max_load_imb?: number;
  /** Limit of parallel work per partition, in num_cpus. */
  readonly max_cpu?: number;
  /** Limit of parallel drops per partition. */
  readonly max_mem?: number;
  /** Accepted for old command lines; upstream ignores it too. */
  readonly time_greedy?: number;
  /** pso: longest execution time allowed; then the number of partitions is minimised. */
  readonly deadline?: number;
  /** pso: how many of the heaviest links are decided about. */
  readonly topk?: number;
  readonly swarm_size?: number;
  /** Start of the random sequence of stochastic algorithms: the same seed gives the same partition. */
  readonly seed?: number;
}

export interface PartitionOptions extends AlgorithmOptions, WorkOptions {
  readonly algorithm: PartitionAlgorithm;
  readonly numPartitions?: number;
  readonly numIslands?: number;
  /** measured: run times in seconds by oid or by logical graph key. */
  readonly measuredSeconds?: ReadonlyMap<string, number>;
  /** `corrected` gives exactly `numPartitions` nodes where upstream gives `numIslands` more (spec 12). */
  readonly rules?: TranslationRules;
  /** Adds `humanReadableKey`, as upstream's viewer does. */
  readonly visual?: boolean;
}

const DEFAULTS = {
  min_goal: 0,
  ptype: 0,
  max_load_imb: 90,
  max_cpu: 8,
  max_mem: 1000,
  time_greedy: 50,
  topk: 30,
  swarm_size: 40,
  seed: 1,
} as const;

/** More parts than this cannot be meant: they would only cost memory. */
const MAX_PARTS = 1_000_000;

export type CheckedOptions = Required<Omit<AlgorithmOptions, 'deadline'>> & {
  readonly deadline: number | undefined;
  readonly numPartitions: number;
  readonly numIslands: number;
};

const OPTION_NAMES = [...Object.keys(DEFAULTS), 'deadline'];

/**
 * Algorithm options from `name=value` pairs or a JSON object, as the command line and REST get them. Unknown names and
 * values that are no numbers are errors: upstream drops them silently.
 */
export function parseAlgorithmOptions(given: JsonObject): AlgorithmOptions {
  const options: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!OPTION_NAMES.includes(name)) {
      throw new GPGTException(
        'option-invalid',
        `Expected an option of the partition algorithms (${OPTION_NAMES.join(', ')}), found "${name}".`,
        { fieldName: name, found: name },
      );
    }
    if (value === null || value === undefined || value === '') continue;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw new GPGTException('option-invalid', `Expected "${name}" to be a number, found ${shown(value)}.`, {
        fieldName: name,
        expected: 'number',
        found: shown(value),
      });
    }
    options[name] = number;
  }
  return options;
}

/** Defaults filled in and limits checked; throws `algorithm-unknown` or `option-invalid`. */
export function checkOptions(options: PartitionOptions): CheckedOptions {
  if (!PARTITION_ALGORITHMS.includes(options.algorithm)) {
    throw new GPGTException(
      'algorithm-unknown',
      `Expected one of the algorithms ${PARTITION_ALGORITHMS.join(', ')}, found ${shown(options.algorithm)}.`,
      { fieldName: 'algorithm', found: shown(options.algorithm) },
    );
  }
  const checked: CheckedOptions = {
    min_goal: options.min_goal ?? DEFAULTS.min_goal,
    ptype: options.ptype ?? DEFAULTS.ptype,
    max_load_imb: options.max_load_imb ?? DEFAULTS.max_load_imb,
    max_cpu: options.max_cpu ?? DEFAULTS.max_cpu,
    max_mem: options.max_mem ?? DEFAULTS.max_mem,
    time_greedy: options.time_greedy ?? DEFAULTS.time_greedy,
    topk: options.topk ?? DEFAULTS.topk,
    swarm_size: options.swarm_size ?? DEFAULTS.swarm_size,
    seed: options.seed ?? DEFAULTS.seed,
    deadline: options.deadline,
    numPartitions: options.numPartitions ?? 1,
    numIslands: options.numIslands ?? 1,
  };
  const atLeast = (name: keyof CheckedOptions, least: number): void => {
    const value = checked[name];
    if (value === undefined || (Number.isFinite(value) && value >= least)) return;
    throw new GPGTException('option-invalid', `Expected "${name}" to be at least ${least}, found ${value}.`, {
      fieldName: name,
      expected: `>= ${least}`,
      found: String(value),
    });
  };
  atLeast('numPartitions', 1);
  atLeast('numIslands', 0);
  atLeast('max_cpu', 1);
  atLeast('max_mem', 1);
  atLeast('swarm_size', 1);
  atLeast('topk', 1);
  if (!Number.isInteger(checked.numPartitions) || !Number.isInteger(checked.numIslands)) {
    throw new GPGTException(
      'option-invalid',
      `Expected whole numbers of partitions and islands, found ${checked.numPartitions} and ${checked.numIslands}.`,
    );
  }
  for (const name of ['numPartitions', 'numIslands'] as const) {
    if (checked[name] <= MAX_PARTS) continue;
    throw new GPGTException(
      'option-invalid',
      `Expected at most ${MAX_PARTS} partitions and islands, found ${checked[name]}.`,
      { fieldName: name, expected: `<= ${MAX_PARTS}`, found: String(checked[name]) },
    );
  }
  if (checked.min_goal === 1 && checked.ptype === 1) {
    throw new GPGTException(
      'option-invalid',
      'Expected either recursive bisection (ptype 1) or least communication volume (min_goal 1), found both. Choose one.',
      { fieldName: 'ptype' },
    );
  }
  return checked;
}
