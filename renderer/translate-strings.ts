/** Sentences of the page that translates logical graphs. */
import { formatInteger } from './format.ts';

const rules = new Intl.PluralRules('en');
const plural = (count: number, one: string, other: string): string =>
  `${formatInteger(count)} ${rules.select(count) === 'one' ? one : other}`;

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

export const T = {
  number: (value: number) => numbers.format(value),
  noGraphTitle: 'No graph is open here',
  noGraphText: 'Open a logical graph to see what it would become, change its values and run it.',
  loading: 'Reading the graph…',
  failed: 'The graph cannot be opened',
  sampleOpen: 'Open',
  sampleLabel: (name: string) => `Open sample ${name}`,
  drawing: (name: string) => `Logical graph ${name}`,
  drawingHelp:
    'Tab goes from node to node, Enter shows the values of one, plus and minus zoom, 0 shows everything.',
  settings: 'How it runs',
  configuration: 'Configuration',
  noConfiguration: 'As in the graph',
  rmode: 'Reproducibility',
  rmodes: {
    NOTHING: 'No signature',
    RERUN: 'Rerun',
    REPEAT: 'Repeat',
    RECOMPUTE: 'Recompute',
    REPRODUCE: 'Reproduce',
    REPLICATE_SCI: 'Replicate scientifically',
    REPLICATE_COMP: 'Replicate computationally',
    REPLICATE_TOTAL: 'Replicate totally',
    ALL: 'All of them',
  },
  algorithm: 'Divided by',
  algorithms: {
    metis: 'METIS: least traffic, even parts',
    mysarkar: 'Sarkar: short runs',
    min_num_parts: 'Fewest parts',
    pso: 'Particle swarm',
    measured: 'Run times of earlier sessions',
    none: 'Not divided',
  },
  parts: 'Parts',
  nodes: 'Nodes',
  thisComputer: 'This computer',
  oneNode: 'All parts run on this computer.',
  nodesHelp:
    'Hosts with commas between them; the parts go to them in turn. A run here takes names of this computer only.',
  values: 'Values',
  valuesOf: (name: string) => `Values of ${name}`,
  allValues: 'Show those of all nodes',
  noValues: 'Nothing can be set here.',
  moreValues: (count: number) => `Show ${plural(count, 'further value', 'further values')}`,
  filterValues: 'Filter values',
  changed: (count: number) => `${plural(count, 'value', 'values')} changed`,
  reset: 'Take back changes',
  problems: (errors: number) =>
    plural(errors, 'problem keeps it from running', 'problems keep it from running'),
  result: 'What it becomes',
  translating: 'Working it out…',
  phases: {
    unroll: 'Making drops',
    partition: 'Dividing',
  } as Readonly<Record<string, string>>,
  progress: (done: number, total: number) =>
    total > 0 ? `${formatInteger(done)} of ${formatInteger(total)}` : formatInteger(done),
  translationFailed: 'It cannot be translated',
  drops: (count: number) => plural(count, 'drop', 'drops'),
  part: (index: number) => `Part ${formatInteger(index + 1)}`,
  partShort: (index: number) => `P${formatInteger(index + 1)}`,
  partsMore: (count: number) => `and ${plural(count, 'further part', 'further parts')}`,
  statistics: {
    algo: 'Algorithm',
    num_parts: 'Parts found',
    exec_time: 'Estimated run time',
    min_exec_time: 'Work on the longest path',
    critical_path: 'Shortest possible',
    total_data_movement: 'Traffic between parts',
    edge_cut: 'Cut links, weighted',
    load_imbalance: 'Load imbalance',
  } as Readonly<Record<string, string>>,
  run: 'Run graph',
  running: 'Starting…',
  copies: (text: string) => `×${text}`,
  node: (name: string, category: string, drops: number | undefined, parts: string) =>
    [name, category, drops === undefined ? '' : plural(drops, 'drop', 'drops'), parts]
      .filter((text) => text !== '')
      .join(', '),
} as const;
