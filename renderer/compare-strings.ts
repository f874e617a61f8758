/** Sentences about comparisons of sessions; part of strings.ts. */
import { formatInteger } from './format.ts';
import { plural } from './plural.ts';

export const compareStrings = {
  title: 'Compare two sessions',
  a: 'Session A',
  b: 'Session B',
  choose: 'Choose…',
  chooseBoth: 'Choose two sessions to compare.',
  same: 'A and B are one and the same session.',
  swap: 'Swap A and B',
  comparing: 'Comparing…',
  failed: 'The sessions cannot be compared',
  verdicts: { match: 'match', differs: 'differs', 'not recorded': 'not recorded' },
  verdictTitle: 'Verdict per R-mode',
  ownDiffers: 'Weir’s own signature, which covers more, differs',
  ownMatch: 'Weir’s own signature matches',
  ownNotRecorded: 'Weir’s own signature was not recorded',
  missingIn: (sides: string) => `no signature in ${sides}`,
  sides: { a: 'A', b: 'B', both: 'A and B' },
  causesTitle: 'First causes',
  causesFor: 'First causes for',
  noneDiffer: 'No mode that both sessions recorded differs.',
  nothingRecorded:
    'No mode was recorded in both sessions, so nothing can be said. Run the graph with an R-mode other than NOTHING.',
  noCause:
    'The signatures differ, but no field of any record does: the difference is in what DALiuGE hashes and Weir does not ' +
    'record by drop.',
  first: (count: number) => plural(count, 'first cause', 'first causes'),
  shown: (shown: number, total: number) => `${formatInteger(shown)} of ${formatInteger(total)} are shown.`,
  cut: (limit: number) => `At most ${formatInteger(limit)} are listed.`,
  affected: (count: number) =>
    count === 0
      ? 'Nothing after it is affected.'
      : `${plural(count, 'drop comes', 'drops come')} after a cause and may differ because of it.`,
  later: 'Comes after a cause, and changed by itself too',
  onlyIn: (side: string) => `Only in ${side}`,
  absent: 'absent',
  open: (side: string) => `Open in ${side}`,
  columns: { class: 'Class', field: 'Field', a: 'A', b: 'B', compared: 'Compared' },
  classes: {
    structure: 'Structure',
    code: 'Code',
    parameter: 'Parameter',
    'input data': 'Input data',
    environment: 'Environment',
    outcome: 'Outcome',
    time: 'Time',
  } as Readonly<Record<string, string>>,
  alignmentTitle: 'How drops were paired',
  byId: 'By id',
  byLogicalId: 'By logical drop and coordinates',
  byStructure: 'By structure',
  removed: 'Only in A',
  added: 'Only in B',
  select: (name: string) => `Select ${name} for comparison`,
  column: 'Compare',
  selectedOne: 'One session selected; select others to compare',
  selectedMany: (count: number) => `${plural(count, 'session', 'sessions')} selected`,
  go: 'Compare them',
  clear: 'Clear selection',

  /** Every mode in one sentence. */
  summary: (whose: 'daliuge' | 'own', match: number, differs: number, missing: number) => {
    const modes = (count: number): string => plural(count, 'mode', 'modes');
    const parts = [
      ...(match > 0 ? [`${modes(match)} match${match === 1 ? 'es' : ''}`] : []),
      ...(differs > 0 ? [`${modes(differs)} ${differs === 1 ? 'differs' : 'differ'}`] : []),
      ...(missing > 0
        ? [`${modes(missing)} ${missing === 1 ? 'was' : 'were'} not recorded on both sides`]
        : []),
    ];
    const name = whose === 'daliuge' ? 'By DALiuGE’s signatures' : 'By Weir’s own, which cover more,';
    return `${name} ${parts.join(', ')}.`;
  },
  chosen: {
    title: 'Compared as you chose',
    none: 'Every field is compared exactly.',
    ignored: (field: string) => `${field}: not compared`,
    within: (field: string, percent: string) => `${field}: numbers within ${percent}`,
    pinned: (a: string, b: string) => `${a} paired with ${b}`,
    remove: (what: string) => `Remove: ${what}`,
    clear: 'Compare everything exactly',
    label: (field: string) => `How ${field} is compared`,
    options: { exact: 'Exactly', ignore: 'Not at all' },
    withinOption: (percent: string) => `Within ${percent}`,
    excused: (count: number) =>
      `${plural(count, 'field differs and was', 'fields differ and were')} let pass as you chose.`,
    equal:
      'Nothing else differs. The sessions are the same as you chose to compare them; their signatures still differ, and this is no match of hashes.',
  },
  graph: {
    title: 'Where in the graph',
    label: (a: string, b: string) => `Graph of ${a} and ${b} in one`,
    marks: {
      cause: 'First cause',
      onlyA: 'Only in A',
      onlyB: 'Only in B',
      affected: 'Affected',
      same: 'Same',
    },
    legend: 'Legend',
    outside: (count: number) => `${plural(count, 'cause', 'causes')} outside the view`,
    loading: 'Drawing both sessions as one graph…',
    failed: 'The two sessions cannot be drawn as one graph',
    help: 'Enter opens a drop in A, or in B where A has none.',
  },
  pin: {
    title: 'Pair two drops by hand',
    help: 'Drops that belong together though their ids, logical drops and places in the graph differ.',
    a: 'Drop only in A',
    b: 'Drop only in B',
    choose: 'Choose…',
    go: 'Pair them',
  },
  save: {
    json: 'Save as JSON',
    text: 'Copy as text',
    copied: 'The comparison was copied as text',
  },
  grid: {
    title: (count: number) => `Compare ${plural(count, 'session', 'sessions')}`,
    help: 'Cells with one letter in a row have the same signature. A cell without a letter was not recorded and equals nothing.',
    whose: 'Signatures of',
    mode: 'R-mode',
    group: (letter: string) => `Group ${letter}`,
    notRecorded: 'not recorded',
    cluster: (mode: string) => `Put sessions with the same ${mode} side by side`,
    together: 'Put equal ones together',
    clustered: 'Equal ones are together',
    compareWith: (a: string, b: string) => `Compare ${a} and ${b}`,
    first: 'Compare with the first',
    none: 'Choose at least two sessions in the list of sessions.',
    back: 'To the list of sessions',
    takeOut: 'Take out',
    remove: (name: string) => `Take out ${name}`,
  },
} as const;
