/**
 * The single runs of applications for a bundle's metadata, as Provenance Run Crate 0.5 wants them: a tool for each class of
 * application, a step of the workflow for each logical drop, and for each application that ran the action of the tool, with
 * what went in and came out as far as the bundle has it, and the engine's action of starting it. Made of the records alone.
 */
import type { DropRecord } from './drop-record.ts';

/** Applications that are told one by one; of more, the records say it, and the metadata stays readable. */
const MAX_RUNS = 1000;

export const PROVENANCE_PROFILE = [
  'https://w3id.org/ro/wfrun/provenance/0.5',
  'Provenance Run Crate',
  '0.5',
] as const;

type Entity = Record<string, unknown>;
const ref = (id: string): { '@id': string } => ({ '@id': id });
const idOf = (kind: string, name: string): string => `#${kind}/${encodeURIComponent(name)}`;
const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
const oneOrMany = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 ? (list[0] as T) : list);

/** What is said of the runs of a session. */
export interface ToldRuns {
  /** For the workflow: its tools and steps. */
  readonly workflow: Entity;
  /** The ids of the engine's action and those of the runs. */
  readonly actions: readonly string[];
  readonly entities: readonly Entity[];
}

/** A record of an application that ran, and its place among the drops. */
const didRun = ({ drop, timing }: DropRecord): boolean =>
  drop.categoryType.toLowerCase() !== 'data' && timing.startedAtMs !== null;

/**
 * Describes the runs; `fileOf` is where the bundle has a drop's content, `session` the action of the whole. Undefined where
 * no application ran or where they are too many.
 */
export function toldRuns(
  recordTexts: readonly string[],
  fileOf: ReadonlyMap<string, string>,
  session: string,
  engine: string,
): ToldRuns | undefined {
  const runs: DropRecord[] = [];
  const made = new Map<string, string[]>();
  for (const text of recordTexts) {
    const record = JSON.parse(text) as DropRecord;
    const file = fileOf.get(record.drop.oid);
    if (file !== undefined)
      for (const { oid } of record.inputs) made.set(oid, [...(made.get(oid) ?? []), file]);
    if (!didRun(record)) continue;
    if (runs.length === MAX_RUNS) return undefined;
    runs.push(record);
  }
  if (runs.length === 0) return undefined;
  const tools = new Map<string, Entity>();
  const steps = new Map<string, Entity>();
  for (const { drop } of runs) {
    const tool = idOf('tool', drop.dropClass);
    if (!tools.has(tool)) tools.set(tool, toolOf(tool, drop.dropClass));
    const step = stepOf(drop);
    if (!steps.has(step))
      steps.set(step, {
        '@id': step,
        '@type': 'HowToStep',
        name: drop.name,
        position: String(steps.size + 1),
        workExample: ref(tool),
      });
  }
  const engineRun = '#engine-run';
  return {
    workflow: {
      hasPart: oneOrMany([...tools.keys()].map(ref)),
      step: oneOrMany([...steps.keys()].map(ref)),
    },
    actions: [engineRun, ...runs.map(({ drop }) => idOf('drop', drop.oid))],
    entities: [
      ...tools.values(),
      ...steps.values(),
      ...runs.flatMap((record) => [actionOf(record, fileOf, made), controlOf(record)]),
      {
        '@id': engineRun,
        '@type': 'OrganizeAction',
        name: 'The engine ran the graph',
        instrument: ref(engine),
        object: oneOrMany(runs.map(({ drop }) => ref(idOf('control', drop.oid)))),
        result: ref(session),
      },
    ],
  };
}

/** A step of the graph: a logical drop, where the graph knows of such; else the drop itself. */
const stepOf = ({ lgKey, oid }: DropRecord['drop']): string => idOf('step', lgKey || oid);

const toolOf = (id: string, dropClass: string): Entity => ({
  '@id': id,
  '@type': 'SoftwareApplication',
  name: dropClass,
});

function actionOf(
  record: DropRecord,
  fileOf: ReadonlyMap<string, string>,
  made: ReadonlyMap<string, readonly string[]>,
): Entity {
  const { drop, timing, outcome, inputs } = record;
  const read = inputs.flatMap(({ oid }) => fileOf.get(oid) ?? []);
  const written = made.get(drop.oid) ?? [];
  const isWell = outcome.status === 'COMPLETED' && outcome.execStatus !== 'ERROR';
  return {
    '@id': idOf('drop', drop.oid),
    '@type': 'CreateAction',
    name: `Run of ${drop.name}`,
    description: `Ran ${drop.dropClass} as drop ${drop.oid} and ended ${outcome.execStatus ?? outcome.status}.`,
    identifier: drop.oid,
    instrument: ref(idOf('tool', drop.dropClass)),
    ...(timing.startedAtMs !== null && { startTime: iso(timing.startedAtMs) }),
    ...(timing.finishedAtMs !== null && { endTime: iso(timing.finishedAtMs) }),
    actionStatus: `http://schema.org/${isWell ? 'Completed' : 'Failed'}ActionStatus`,
    ...(!isWell && outcome.errorMessage !== undefined && { error: outcome.errorMessage }),
    ...(read.length > 0 && { object: oneOrMany(read.map(ref)) }),
    ...(written.length > 0 && { result: oneOrMany(written.map(ref)) }),
  };
}

function controlOf({ drop }: DropRecord): Entity {
  return {
    '@id': idOf('control', drop.oid),
    '@type': 'ControlAction',
    name: `Start of ${drop.name}`,
    instrument: ref(stepOf(drop)),
    object: ref(idOf('drop', drop.oid)),
  };
}
